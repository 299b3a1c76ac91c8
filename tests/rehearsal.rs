// SPDX-License-Identifier: MIT OR Apache-2.0
//! `trap::selftest` in a process, whose handler is that of `hosted::install`. What it says of wrong handlers is the test
//! kernel's business (`tests/kernel/src/broken.rs`).

use std::{ptr, thread};

use axptr::{
    FaultKind,
    trap::{HandlerError, Told, selftest},
};

const PAGE: usize = 4096;

/// A readable and writable page, the page behind it as `protection` says.
fn two_pages(protection: libc::c_int) -> usize {
    let (both, kind) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    // SAFETY: a new mapping takes nobody's memory.
    let start = unsafe { libc::mmap(ptr::null_mut(), 2 * PAGE, both, kind, -1, 0) };
    assert_ne!(start, libc::MAP_FAILED);
    // SAFETY: the mapping's own second page, to which there is no reference.
    let status = unsafe { libc::mprotect(start.wrapping_byte_add(PAGE), PAGE, protection) };
    assert_eq!(status, 0);
    start.addr()
}

/// In a kernel both functions raise faults. In a process nothing but `install`'s handler decides.
fn run(addr: usize) -> Result<Told, HandlerError> {
    selftest(addr, |_| true, |pc| pc)
}

/// One test: the limit of the process is nothing to be set by two.
#[test]
fn it_names_what_is_wrong() {
    assert_eq!(run(0x1000), Err(HandlerError::NotUserMemory { addr: 0x1000, limit: 0 }));
    // SAFETY: (1) the pages below, and addresses where nothing is.
    unsafe { axptr::hosted::install() }.unwrap();

    // The first page of a process is never mapped (vm.mmap_min_addr).
    for addr in [0x10, 0x7c0, 0xfc0] {
        assert_eq!(run(addr), Ok(Told::Kinds), "{addr:#x}");
    }
    thread::scope(|threads| {
        for _ in 0..4 {
            threads.spawn(|| (0..500).for_each(|_| assert_eq!(run(0x40), Ok(Told::Kinds))));
        }
    });

    let limit = axptr::user_limit();
    for addr in [limit, limit - 63, usize::MAX, usize::MAX - 63] {
        assert_eq!(run(addr), Err(HandlerError::NotUserMemory { addr, limit }));
    }

    // Mapped, readable only, and not accessible: the last is a process's `Permission`.
    let mapped = two_pages(libc::PROT_READ);
    for addr in [mapped, mapped + PAGE] {
        assert_eq!(run(addr), Err(HandlerError::Accessible { addr }));
    }
    let told = run(two_pages(libc::PROT_NONE) + PAGE);
    assert_eq!(told, Err(HandlerError::WrongKind { told: FaultKind::Permission }));

    assert_eq!(selftest(0x40, |_| false, |pc| pc), Err(HandlerError::OwnFaultLost));
    let landing = |pc| axptr::extable::Table::image().find(pc).map_or(0, axptr::extable::Entry::landing);
    assert_eq!(selftest(0x40, |_| true, landing), Err(HandlerError::UserFaultTaken));
    // The test is over: the next fault of the same page is like any other's.
    for _ in 0..20_000 {
        assert!(axptr::UserConstPtr::<u8>::from(0x40).read().is_err());
    }
}

/// Each error names its remedy, and prints addresses in hex.
#[test]
fn errors_read_well() {
    for (error, debug, remedy) in [
        (
            HandlerError::NotUserMemory { addr: 0xffff, limit: 0x8000 },
            "NotUserMemory { addr: 0xffff, limit: 0x8000 }",
            "set_user_limit",
        ),
        (HandlerError::Accessible { addr: 0x1000 }, "Accessible { addr: 0x1000 }", "without a page"),
        (HandlerError::Window { was_open: false }, "Window { was_open: false }", "leaves the window open"),
        (HandlerError::OwnFaultLost, "OwnFaultLost", "NotOurs"),
        (HandlerError::UserFaultTaken, "UserFaultTaken", "kernel mode only"),
    ] {
        assert_eq!(format!("{error:?}"), debug);
        let text = error.to_string();
        assert!(text.contains(remedy), "{text}");
    }
}
