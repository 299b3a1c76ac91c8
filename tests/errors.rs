// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a system call answers: each error's code, in both of axerrno's forms, and in words.

use axerrno::{AxError, LinuxError};
use axptr::{
    Access, CursorError, Fault, FaultKind, SelftestError, UserConstPtr, UserPtr, UserRange, VecError,
    atomic::AtomicError,
    cstr::StringError,
    extable::{Table, TableError},
    futex::FutexError,
    iovec::{IoVec, IoVec32, IoVecError},
    structs::StructError,
    trap::{Operands, Report},
};

/// A fault that needs no memory: refused before any access.
fn fault() -> Fault {
    // SAFETY: (1) nothing here accesses memory.
    unsafe { axptr::set_user_limit(0x1000) };
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
        (FutexError::UnknownComparison.into(), FutexError::UnknownComparison.into(), LinuxError::ENOSYS),
        (
            FutexError::Atomic(AtomicError::Retry).into(),
            FutexError::Atomic(AtomicError::Retry).into(),
            LinuxError::EAGAIN,
        ),
        (fault.into(), fault.into(), LinuxError::EFAULT),
    ];
    assert_eq!(codes.len(), numbers().len(), "an error without a number, or the other way round");
    for ((linux, ax, expected), number) in codes.into_iter().zip(numbers()) {
        assert_eq!((number, linux.code()), (expected.code(), number), "{expected:?}");
        assert_eq!(std::io::Error::from_raw_os_error(number).raw_os_error(), Some(expected.code()));
        assert_eq!(linux, expected);
        // Through `AxError` and back: what a kernel's file layer does with it.
        assert_eq!(LinuxError::from(ax), expected, "{ax:?}");
    }
}

/// The same errors' numbers, in the same order.
fn numbers() -> Vec<i32> {
    let fault = fault();
    vec![
        CursorError::End.errno(),
        CursorError::Fault(fault).errno(),
        StructError::TooBig.errno(),
        StructError::Fault(fault).errno(),
        IoVecError::TooMany.errno(),
        IoVecError::BadLength { index: 3 }.errno(),
        IoVecError::Fault(fault).errno(),
        VecError::NoMemory.errno(),
        VecError::Fault(fault).errno(),
        StringError::TooLong.errno(),
        StringError::NotUtf8.errno(),
        StringError::NoMemory.errno(),
        StringError::Fault(fault).errno(),
        AtomicError::Misaligned.errno(),
        AtomicError::Retry.errno(),
        AtomicError::Fault(fault).errno(),
        FutexError::UnknownComparison.errno(),
        FutexError::Atomic(AtomicError::Retry).errno(),
        fault.errno(),
    ]
}

/// Written out by hand, from errno(3) on Linux.
#[test]
fn the_numbers_are_linuxs() {
    use libc::{E2BIG, EAGAIN, EFAULT, EILSEQ, EINVAL, ENOMEM, ENOSYS};
    let expected = [
        EINVAL, EFAULT, E2BIG, EFAULT, EINVAL, EINVAL, EFAULT, ENOMEM, EFAULT, E2BIG, EILSEQ, ENOMEM, EFAULT,
        EINVAL, EAGAIN, EFAULT, ENOSYS, EAGAIN, EFAULT,
    ];
    assert_eq!(numbers(), expected);
}

#[test]
fn an_error_becomes_an_io_error() {
    let error = std::io::Error::from(fault());
    assert_eq!(error.raw_os_error(), Some(libc::EFAULT));
    assert_eq!(std::io::Error::from(StringError::NoMemory).kind(), std::io::ErrorKind::OutOfMemory);
}

#[test]
fn code_above_the_routines_makes_its_own_fault() {
    let fault = Fault::new(0x1000, 5, Access::Write, FaultKind::Bus);
    assert_eq!(
        (fault.done, fault.addr, fault.access, fault.kind),
        (5, 0x1005, Access::Write, FaultKind::Bus)
    );
    assert_eq!(Fault::new(usize::MAX, 1, Access::Read, FaultKind::Unknown).addr, 0);
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
        FutexError::UnknownComparison.to_string(),
        SelftestError::NotSetUp.to_string(),
        SelftestError::NoHandler.to_string(),
        SelftestError::KernelBelowLimit { limit: 5, kernel: 3 }.to_string(),
        SelftestError::LimitInHole { limit: 5 }.to_string(),
    ];
    for (index, text) in said.iter().enumerate() {
        assert!(!text.is_empty() && !said[..index].contains(text), "{text}");
    }
    assert!(said[3].contains('3') && [7, 8, 10].iter().all(|&index| said[index].contains('5')), "{said:?}");
}

/// `fault` sets a limit and installs nothing.
#[test]
fn the_self_test_of_a_process_without_a_handler_says_so() {
    fault();
    assert_eq!(axptr::selftest(), Err(SelftestError::NoHandler));
    assert_eq!(axptr::extable::selftest(), Ok(()));
}

/// An address in decimal is one that nobody recognises.
#[test]
fn debug_output_prints_addresses_in_hex() {
    let addr = 0x1000_2000_usize;
    let range = UserRange::EMPTY;
    let iovec = IoVec { base: addr as u64, len: 16 };
    let iovec32 = IoVec32 { base: addr as u32, len: 16 };
    let report = Report { addr: Some(addr), ..Report::default() };
    let ptr = UserPtr::<u8>::from(addr);
    // SAFETY: (1), (2) no byte.
    let outcome = unsafe { axptr::raw::copy_to_user(addr, std::ptr::null(), 0) };
    for (said, expected) in [
        (
            format!("{:?}", Fault::new(addr, 8, Access::Read, FaultKind::NotPresent)),
            "Fault { done: 8, addr: 0x10002008, access: Read, kind: NotPresent }",
        ),
        (format!("{range:?}"), "UserRange { start: 0x0, len: 0 }"),
        (
            format!("{report:?}"),
            "Report { access: None, kind: Unknown, addr: 0x10002000, addr_lsb: 0, window_closed: false }",
        ),
        (
            format!("{:?}", Report::default()),
            "Report { access: None, kind: Unknown, addr: None, addr_lsb: 0, window_closed: false }",
        ),
        (format!("{:?}", Operands { read: addr, write: 8 }), "Operands { read: 0x10002000, write: 0x8 }"),
        (
            format!("{:?}", SelftestError::KernelBelowLimit { limit: addr, kernel: 16 }),
            "KernelBelowLimit { limit: 0x10002000, kernel: 0x10 }",
        ),
        (format!("{:?}", SelftestError::LimitInHole { limit: addr }), "LimitInHole { limit: 0x10002000 }"),
        (format!("{:?}", SelftestError::NotSetUp), "NotSetUp"),
        (format!("{:?}", SelftestError::NoHandler), "NoHandler"),
        (format!("{:?}", SelftestError::Table(TableError::Torn)), "Table(Torn)"),
        (format!("{iovec:?}"), "IoVec { base: 0x10002000, len: 16 }"),
        (format!("{iovec32:?}"), "IoVec32 { base: 0x10002000, len: 16 }"),
        (format!("{ptr:?}"), "UserPtr(0x10002000)"),
        (format!("{outcome:?}"), "Outcome { left: 0, cause: Cause(0x0) }"),
    ] {
        assert_eq!(said, expected);
    }
    let entry = &Table::image().entries()[0];
    let landing = Table::image().lookup(entry.insn(), Some(Access::Read), FaultKind::Unknown);
    assert!(format!("{entry:?}").starts_with(&format!("Entry {{ insn: {:#x}, landing: ", entry.insn())));
    if let Some(landing) = landing {
        let expected = format!("Landing {{ pc: {:#x}, cause: {:#x} }}", landing.pc(), landing.cause());
        assert_eq!(format!("{landing:?}"), expected);
    }
}
