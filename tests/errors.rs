// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a system call answers: each error's code, in both of axerrno's forms, and in words.

use axerrno::{AxError, LinuxError};
use axptr::{
    Access, CursorError, Fault, FaultKind, UserConstPtr, VecError, atomic::AtomicError, cstr::StringError,
    extable::TableError, iovec::IoVecError, structs::StructError,
};

/// A fault that needs no memory: refused before any access.
fn fault() -> Fault {
    UserConstPtr::<u8>::from(usize::MAX).read().unwrap_err()
}

#[test]
fn a_fault_is_efault_and_says_where() {
    let fault = fault();
    assert_eq!((fault.done, fault.addr, fault.access), (0, usize::MAX, Access::Read));
    assert_eq!(fault.kind, FaultKind::OutOfRange);
    assert_eq!(LinuxError::from(fault), LinuxError::EFAULT);
    assert_eq!(AxError::from(fault), AxError::BadAddress);
    assert_eq!(fault.to_string(), "user read fault at 0xffffffffffffffff after 0 bytes (OutOfRange)");
}

#[test]
fn every_error_has_its_own_code() {
    let fault = fault();
    let codes = [
        (LinuxError::from(CursorError::End), AxError::from(CursorError::End), LinuxError::EINVAL),
        (CursorError::Fault(fault).into(), CursorError::Fault(fault).into(), LinuxError::EFAULT),
        (StructError::TooBig.into(), StructError::TooBig.into(), LinuxError::E2BIG),
        (StructError::Fault(fault).into(), StructError::Fault(fault).into(), LinuxError::EFAULT),
        (IoVecError::TooMany.into(), IoVecError::TooMany.into(), LinuxError::EINVAL),
        (
            IoVecError::BadLength { index: 3 }.into(),
            IoVecError::BadLength { index: 3 }.into(),
            LinuxError::EINVAL,
        ),
        (IoVecError::Fault(fault).into(), IoVecError::Fault(fault).into(), LinuxError::EFAULT),
        (VecError::NoMemory.into(), VecError::NoMemory.into(), LinuxError::ENOMEM),
        (VecError::Fault(fault).into(), VecError::Fault(fault).into(), LinuxError::EFAULT),
        (StringError::TooLong.into(), StringError::TooLong.into(), LinuxError::E2BIG),
        (StringError::NotUtf8.into(), StringError::NotUtf8.into(), LinuxError::EILSEQ),
        (StringError::NoMemory.into(), StringError::NoMemory.into(), LinuxError::ENOMEM),
        (StringError::Fault(fault).into(), StringError::Fault(fault).into(), LinuxError::EFAULT),
        (AtomicError::Misaligned.into(), AtomicError::Misaligned.into(), LinuxError::EINVAL),
        (AtomicError::Retry.into(), AtomicError::Retry.into(), LinuxError::EAGAIN),
        (AtomicError::Fault(fault).into(), AtomicError::Fault(fault).into(), LinuxError::EFAULT),
    ];
    for (linux, ax, expected) in codes {
        assert_eq!(linux, expected);
        // Through `AxError` and back: what a kernel's file layer does with it.
        assert_eq!(LinuxError::from(ax), expected, "{ax:?}");
    }
}

#[test]
fn errors_say_what_happened() {
    let said = [
        CursorError::End.to_string(),
        StructError::TooBig.to_string(),
        IoVecError::TooMany.to_string(),
        IoVecError::BadLength { index: 3 }.to_string(),
        VecError::NoMemory.to_string(),
        TableError::Empty.to_string(),
        TableError::Torn.to_string(),
        TableError::Unsorted { index: 5 }.to_string(),
        TableError::Conflict { index: 5 }.to_string(),
        TableError::SentinelLost.to_string(),
        TableError::OutsideText { index: 5 }.to_string(),
        StringError::TooLong.to_string(),
        StringError::NotUtf8.to_string(),
        StringError::NoMemory.to_string(),
        AtomicError::Misaligned.to_string(),
        AtomicError::Retry.to_string(),
    ];
    for (index, text) in said.iter().enumerate() {
        assert!(!text.is_empty() && !said[..index].contains(text), "{text}");
    }
    assert!(said[3].contains('3') && [7, 8, 10].iter().all(|&index| said[index].contains('5')), "{said:?}");
}
