// SPDX-License-Identifier: MIT OR Apache-2.0
//! Kernel memory that is not there: a bug of the kernel, which no landing may hide (contract C6).

use std::{
    ffi::c_void,
    ptr,
    sync::atomic::{AtomicUsize, Ordering},
};

use axptr::{Access, FaultKind, raw};
use axptr_cases::{Handler, PAGE, PageKind, Site};
use libc::{PROT_NONE, PROT_READ, PROT_WRITE, c_int, siginfo_t};

use crate::support::{front::Front, front::replace_handler, registers::Registers, site::HostedSite};

/// The page that is not there.
static MISSING: AtomicUsize = AtomicUsize::new(0);
static FAULTS: AtomicUsize = AtomicUsize::new(0);
static LANDINGS: AtomicUsize = AtomicUsize::new(0);

#[test]
fn a_fault_on_the_kernel_side_has_no_landing() {
    let _front = Front::new(Handler::Full);
    let mut site = HostedSite::new(Handler::Full);
    let user = site.map(&[PageKind::Good; 2]);
    let missing = site.map(&[PageKind::Good; 2]) + PAGE;
    MISSING.store(missing, Ordering::Relaxed);
    let former = replace_handler(libc::SIGSEGV, bring_the_page);
    for path in axptr::internal::cpu_paths() {
        path.force();
        for len in [1, 2, 3, 4, 5, 8, 9, 16, 17, 32, 33, 64, 65, 128, 129, 200, 1000] {
            for before in [0, 1, 3, 8, 17, 40, 128].into_iter().filter(|before| *before < len) {
                for user in [user, user + 5, user + PAGE - 9] {
                    check(missing, missing - before, user, len);
                }
            }
        }
    }
    // SAFETY: the action that was there.
    unsafe { libc::sigaction(libc::SIGSEGV, &raw const former, ptr::null_mut()) };
}

/// Copies both ways; each meets the missing page once and goes on when it is there.
fn check(missing: usize, kernel: usize, user: usize, len: usize) {
    for access in [Access::Read, Access::Write] {
        protect(missing, PROT_NONE);
        FAULTS.store(0, Ordering::Relaxed);
        let outcome = match access {
            // SAFETY: (1) the handler brings the page; (2) a mapping of the test's.
            Access::Read => unsafe {
                raw::copy_from_user(ptr::with_exposed_provenance_mut(kernel), user, len)
            },
            // SAFETY: as above.
            Access::Write => unsafe { raw::copy_to_user(user, ptr::with_exposed_provenance(kernel), len) },
        };
        let what = format!("user {access:?}, {len} bytes at {kernel:#x} and {user:#x}");
        assert_eq!(FAULTS.load(Ordering::Relaxed), 1, "{what}");
        assert_eq!(LANDINGS.load(Ordering::Relaxed), 0, "{what}");
        assert_eq!(outcome.left(), 0, "{what}");
    }
}

extern "C" fn bring_the_page(_signal: c_int, _info: *mut siginfo_t, context: *mut c_void) {
    // SAFETY: (1) the kernel hands a SA_SIGINFO handler a valid frame that is nobody else's.
    let mut registers = unsafe { Registers::of(context) };
    if axptr::extable::lookup(registers.pc(), registers.access(), FaultKind::NotPresent).is_some() {
        LANDINGS.fetch_add(1, Ordering::Relaxed);
    }
    if FAULTS.fetch_add(1, Ordering::Relaxed) > 0 {
        // The page is there: this is another fault, and would come again forever.
        std::process::abort();
    }
    protect(MISSING.load(Ordering::Relaxed), PROT_READ | PROT_WRITE);
}

fn protect(page: usize, protection: c_int) {
    let page = ptr::with_exposed_provenance_mut(page);
    // SAFETY: a mapping of the test's, which no Rust object is in.
    unsafe { libc::mprotect(page, PAGE, protection) };
}
