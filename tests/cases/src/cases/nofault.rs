// SPDX-License-Identifier: MIT OR Apache-2.0
//! The forms that never enter the pager, what makes pages present for them, and the probe of kernel memory.

use alloc::{format, string::String, vec};

use axptr::{
    Access, Fault, FaultKind, UserPtr, UserRange,
    atomic::AtomicError,
    cstr::StringError,
    fault_in::{self, in_windows},
    iovec::IoVecs,
    nofault, probe,
    region::WINDOW,
    scope, user_limit,
};

use crate::{
    area::{Area, Content},
    ensure::ensure,
    expect::{absence, fault, write_protection},
    site::{Handler, PAGE, PageKind, Site},
};

use PageKind::{Good, Lazy, Unmapped};

/// An operation on at most 16 bytes at an address, without the pager and in its normal form.
type Form = fn(usize, bool) -> Result<(), Fault>;

fn of_atomic<T>(result: Result<T, AtomicError>) -> Result<(), Fault> {
    match result {
        Ok(_) => Ok(()),
        Err(AtomicError::Fault(fault)) => Err(fault),
        Err(error) => panic!("{error}"),
    }
}

fn of_string<T>(result: Result<T, StringError>) -> Result<(), Fault> {
    match result {
        Ok(_) => Ok(()),
        Err(StringError::Fault(fault)) => Err(fault),
        Err(error) => panic!("{error}"),
    }
}

/// Calls one of two, with a pointer in the one or the other context.
macro_rules! form {
    ($name:literal, $value:ty, |$ptr:ident| $call:expr) => {
        ($name, |addr, nofault| {
            let $ptr = UserPtr::<$value>::from(addr);
            if nofault {
                let $ptr = $ptr.nofault();
                $call
            } else {
                $call
            }
        })
    };
}

const FORMS: [(&str, Form); 16] = [
    form!("read", u64, |ptr| ptr.read().map(drop)),
    form!("write", u64, |ptr| ptr.write(1)),
    form!("read of a large value", [u64; 2], |ptr| ptr.read().map(drop)),
    form!("write of a large value", [u64; 2], |ptr| ptr.write([1; 2])),
    form!("read_slice", u32, |ptr| ptr.read_slice(&mut [0; 4])),
    form!("fill_bytes", u32, |ptr| ptr.slice(4)?.fill_bytes(1)),
    form!("to_vec", u32, |ptr| ptr.slice(4)?.to_vec().map(drop).map_err(|error| match error {
        axptr::VecError::Fault(fault) => fault,
        error => panic!("{error}"),
    })),
    form!("is_zeroed", u8, |ptr| ptr.slice(16)?.is_zeroed().map(drop)),
    form!("compare", u8, |ptr| ptr.slice(16)?.compare(&[0; 16]).map(drop)),
    form!("batch", u64, |ptr| scope::run((ptr.writing(1), ptr.add(1).reading())).map(drop)),
    form!("atomic load", u64, |ptr| of_atomic(ptr.atomic().load())),
    form!("atomic store", u32, |ptr| of_atomic(ptr.atomic().store(1))),
    form!("atomic add", u16, |ptr| of_atomic(ptr.atomic().fetch_add(1))),
    form!("atomic or", u8, |ptr| of_atomic(ptr.atomic().fetch_or(1))),
    form!("compare-exchange", u64, |ptr| of_atomic(ptr.atomic().compare_exchange(0, 1))),
    form!("string", u8, |ptr| of_string(ptr.as_cstr().len(16))),
];

pub(crate) fn lazy(site: &mut dyn Site) -> Result<(), String> {
    for (name, form) in FORMS {
        let mut area = Area::user(site, &[Lazy], Content::Source);
        let addr = area.at(64);
        let told = form(addr, true);
        area.look_again(site);
        if site.lazy_needs_pager() {
            let absent = told.is_err_and(|f| (f.done, f.addr, f.kind) == (0, addr, FaultKind::NotPresent));
            ensure!(absent, "{name} of a lazy page without the pager: {told:x?}");
            ensure!(area.lazy_pages(0..PAGE) == 1, "{name} without the pager has made the page");
        } else {
            ensure!(told.is_ok(), "{name}: {told:x?}");
        }
        let told = form(addr, false);
        ensure!(told.is_ok(), "{name} of a lazy page: {told:x?}");
        let told = form(addr, true);
        ensure!(told.is_ok(), "{name} of the page that has come: {told:x?}");
    }
    Ok(())
}

pub(crate) fn bulk(site: &mut dyn Site) -> Result<(), String> {
    let area = Area::user(site, &[Good, Unmapped], Content::Source);
    let addr = area.at(PAGE - 5);
    let mut bytes = [0xee; 9];
    let told = [nofault::copy_from_user(&mut bytes, addr), nofault::copy_in_user(area.at(0), addr, 9)];
    ensure!(told == [Err(fault(addr, 5, Access::Read, absence(site))); 2], "{told:x?}");
    ensure!(bytes[..5] == *area.expected(PAGE - 5..PAGE) && bytes[5..] == [0xee; 4], "{bytes:x?}");
    let told = [
        nofault::copy_to_user(addr, &bytes),
        nofault::copy_in_user(addr, area.at(0), 9),
        nofault::fill_user(addr, 1, 9),
    ];
    ensure!(told == [Err(fault(addr, 5, Access::Write, absence(site))); 3], "{told:x?}");
    let array = [area.at(100), 3, addr, 9].map(|word| word as u64);
    let user = UserPtr::<u64>::from(area.at(200));
    ensure!(user.write_slice(&array).is_ok(), "writable");
    let mut storage = [UserRange::EMPTY; 2];
    let vector = IoVecs::import(
        axptr::UserConstPtr::<axptr::iovec::IoVec>::from(user.addr()).nofault(),
        2,
        &mut storage,
    );
    let vector = vector.map_err(|error| format!("{error}"))?;
    let told = [vector.write_at(0, &[2; 12]).err(), vector.read_at(0, &mut [0; 12]).err()];
    ensure!(
        told.iter().all(|told| told.is_some_and(|f| (f.done, f.addr) == (8, area.at(PAGE)))),
        "{told:x?}"
    );
    Ok(())
}

pub(crate) fn make_present(site: &mut dyn Site) -> Result<(), String> {
    for access in [Access::Read, Access::Write] {
        for (offset, len, pages) in
            [(0, 1, 1), (PAGE - 1, 2, 2), (100, 2 * PAGE, 3), (PAGE, PAGE, 1), (7, 0, 0)]
        {
            let mut area = Area::user(site, &[Lazy, Lazy, Lazy, Lazy], Content::Source);
            let range = UserRange::new(area.at(offset), len).ok_or("in the user half")?;
            let told = fault_in::make_present(range, access);
            ensure!(told == Ok(len), "{len} bytes at {offset}: {told:x?}");
            area.look_again(site);
            let left = area.lazy_pages(0..4 * PAGE);
            let exact = !site.lazy_needs_pager() || left == 4 - pages;
            ensure!(exact, "{len} bytes at {offset}, {access:?}: {left} pages are still absent");
            let mut bytes = vec![0xee; len];
            let told = nofault::copy_from_user(&mut bytes, area.at(offset));
            ensure!(told.is_ok() && bytes.iter().all(|&byte| byte == 0), "{told:x?}");
        }
        // What is there keeps what it holds; what is not ends it.
        let area = Area::user(site, &[Good, Good, Unmapped], Content::Source);
        let range = UserRange::new(area.at(50), 2 * PAGE).ok_or("in the user half")?;
        let told = fault_in::make_present(range, access);
        ensure!(told == Err(fault(area.at(50), 2 * PAGE - 50, access, absence(site))), "{told:x?}");
        ensure!(area.first_wrong(0..2 * PAGE).is_none(), "{access:?} has changed a byte");
        let area = Area::user(site, &[PageKind::ReadOnly], Content::Source);
        let range = UserRange::new(area.at(9), 9).ok_or("in the user half")?;
        let told = fault_in::make_present(range, access).map_err(|fault| fault.kind);
        let expected = if access == Access::Read { Ok(9) } else { Err(write_protection(site)) };
        ensure!(told == expected, "{access:?} of a read-only page: {told:x?}");
    }
    // A length that user space made up is done a window at a time.
    let area = Area::user(site, &[Good; 18], Content::Source);
    let range = UserRange::new(area.at(0), user_limit() - area.at(0)).ok_or("in the user half")?;
    let told = fault_in::make_present(range, Access::Read);
    ensure!(told == Ok(WINDOW), "{told:x?}");
    Ok(())
}

pub(crate) fn windows(site: &mut dyn Site) -> Result<(), String> {
    const PAGES: usize = 40;
    let mut kinds = [Lazy; PAGES + 1];
    kinds[PAGES] = Unmapped;
    for (start, len) in [(0, PAGES * PAGE), (100, PAGES * PAGE - 100), (5, PAGES * PAGE)] {
        let area = Area::user(site, &kinds, Content::Source);
        let range = UserRange::new(area.at(start), len).ok_or("in the user half")?;
        let (mut total, mut largest) = (0, 0);
        let told = in_windows(range, Access::Write, |part, done| {
            largest = largest.max(part.len());
            assert_eq!((done, part.start()), (total, area.at(start) + total), "parts follow each other");
            nofault::fill_user(part.start(), 7, part.len())?;
            total += part.len();
            Ok(())
        });
        let there = len.min(PAGES * PAGE - start);
        let expected = if there == len {
            Ok(())
        } else {
            Err(fault(area.at(start), there, Access::Write, absence(site)))
        };
        ensure!(told == expected && total == there, "{len} bytes: {told:x?}, {total} done");
        ensure!(largest <= WINDOW, "{largest} bytes in one part");
    }
    // A step that never succeeds is taken a few times, not for ever.
    let area = Area::user(site, &[Good], Content::Source);
    let range = UserRange::new(area.at(10), 20).ok_or("in the user half")?;
    let mut tries = 0;
    let told = in_windows(range, Access::Read, |part, _| {
        tries += 1;
        Err(fault(part.start(), 3, Access::Read, FaultKind::NotPresent))
    });
    ensure!(told == Err(fault(area.at(10), 3, Access::Read, FaultKind::NotPresent)), "{told:x?}");
    ensure!(tries == fault_in::TRIES, "{tries} tries");
    Ok(())
}

/// Addresses of the kernel's, and the same of memory that is not there.
pub(crate) fn kernel_probe(site: &mut dyn Site) -> Result<(), String> {
    let kernel = Area::kernel(site, 1, Content::Source);
    for offset in 0..20 {
        for len in 0..40 {
            let mut bytes = [0xee; 48];
            // SAFETY: (1) the kernel's own memory.
            let told = unsafe { probe::read_bytes(&mut bytes[..len], kernel.at(offset)) };
            ensure!(
                told.is_ok() && bytes[..len] == *kernel.expected(offset..offset + len),
                "{offset}: {told:x?}"
            );
            ensure!(bytes[len..].iter().all(|&byte| byte == 0xee), "{len} bytes at {offset}: and more");
        }
        // SAFETY: (1) the kernel's own memory.
        let told = unsafe { probe::read::<u64>(kernel.at(offset)) }.map(u64::to_le_bytes);
        ensure!(told.as_ref().is_ok_and(|told| *told == *kernel.expected(offset..offset + 8)), "{told:x?}");
    }
    // What a kernel finds where it has nothing: here the pages around a mapping serve.
    site.open();
    let area = Area::user(site, &[Good, Unmapped], Content::Source);
    for good in 0..20 {
        for len in good..30 {
            let mut bytes = [0xee; 30];
            let start = area.at(PAGE - good);
            let traps = site.traps();
            // SAFETY: (1) memory, or nothing.
            let told = unsafe { probe::read_bytes(&mut bytes[..len], start) };
            let traps = site.traps() - traps;
            let expected =
                if good == len { Ok(()) } else { Err(fault(start, good, Access::Read, absence(site))) };
            let right = told == expected && traps == usize::from(good < len);
            ensure!(right || site.handler() != Handler::Full, "{good} of {len}: {told:x?}, {traps} traps");
            ensure!(bytes[..good] == *area.expected(PAGE - good..PAGE), "{good} of {len}: wrong bytes");
            ensure!(bytes[good..].iter().all(|&byte| byte == 0xee), "{good} of {len}: and more");
        }
    }
    site.close();
    let mut lazy = Area::user(site, &[Lazy], Content::Source);
    // SAFETY: (1) memory, or nothing.
    let told = unsafe { probe::read::<u32>(lazy.at(0)) };
    lazy.look_again(site);
    let untouched = told.is_err() && lazy.lazy_pages(0..PAGE) == 1;
    ensure!(untouched || !site.lazy_needs_pager(), "the pager was asked: {told:x?}");
    for addr in [8, usize::MAX, usize::MAX - 3] {
        // SAFETY: (1) nothing is there.
        let told = unsafe { probe::read::<u64>(addr) };
        ensure!(told.is_err(), "{addr:#x}: {told:x?}");
    }
    Ok(())
}
