// SPDX-License-Identifier: MIT OR Apache-2.0
//! A C library whose `sigaction` is not the kernel's: one that keeps signals for itself, and one that takes its time.
//!
//! This program defines the function, and so every image in the process gets it.

#![cfg(all(target_os = "linux", target_env = "gnu"))]

#[expect(dead_code, reason = "the scenes of signals need more of it")]
#[path = "signals/child.rs"]
mod child;
#[expect(dead_code, reason = "the scenes of signals need more of it")]
#[path = "signals/handlers.rs"]
mod handlers;
#[path = "signals/machine/mod.rs"]
mod machine;
#[expect(dead_code, reason = "the sweep needs more of it")]
#[path = "support/registers/mod.rs"]
mod registers;

use std::{
    hint, mem, ptr,
    sync::atomic::{AtomicUsize, Ordering::SeqCst},
    thread,
};

use axptr::{
    FaultKind, copy_from_user,
    hosted::{self, InstallError},
};
use libc::{c_int, c_void};

use crate::handlers::{BOTH, disposition, install, set_three};

// The rest of `machine`: the scenes of signals need it.
const _: (c_int, bool) = machine::UNTRANSLATABLE_TELLS;
const _: fn(usize) = machine::wild_jump;
const _: unsafe fn(usize, [usize; 4]) -> (isize, usize) = machine::call_then_entry;

/// Nothing is mapped there.
const NOWHERE: usize = 0x18;

const FORWARD: usize = 0;
/// Says yes and does nothing, as AddressSanitizer with `handle_segv=2` did before LLVM 12.
const SILENT: usize = 1;
/// The same, and tells what there is.
const TELLING: usize = 2;
/// Waits before it sets an action.
const WAITING: usize = 3;

static MODE: AtomicUsize = AtomicUsize::new(FORWARD);
/// The signal that the mode is for.
static KEPT: AtomicUsize = AtomicUsize::new(0);
/// How often anybody has called it.
static CALLS: AtomicUsize = AtomicUsize::new(0);
static ARRIVED: AtomicUsize = AtomicUsize::new(0);

type SigAction = unsafe extern "C" fn(c_int, *const libc::sigaction, *mut libc::sigaction) -> c_int;

#[unsafe(no_mangle)]
unsafe extern "C" fn sigaction(
    signal: c_int,
    new: *const libc::sigaction,
    old: *mut libc::sigaction,
) -> c_int {
    CALLS.fetch_add(1, SeqCst);
    let is_kept = signal as usize == KEPT.load(SeqCst);
    let new = match MODE.load(SeqCst) {
        SILENT if is_kept => return 0,
        TELLING if is_kept => ptr::null(),
        WAITING if is_kept && !new.is_null() => {
            ARRIVED.fetch_add(1, SeqCst);
            while MODE.load(SeqCst) == WAITING {
                hint::spin_loop();
            }
            new
        }
        _ => new,
    };
    // SAFETY: asks only.
    let real = unsafe { libc::dlsym(libc::RTLD_NEXT, c"sigaction".as_ptr()) };
    // SAFETY: the C library's, which has this type.
    let real = unsafe { mem::transmute::<*mut c_void, SigAction>(real) };
    // SAFETY: our caller's arguments, or nothing to be set.
    unsafe { real(signal, new, old) }
}

extern "C" fn ignore(_: c_int, _: *mut libc::siginfo_t, _: *mut c_void) {}

fn recovers() -> bool {
    let fault = copy_from_user(&mut [0; 8], NOWHERE).unwrap_err();
    (fault.done, fault.kind) == (0, FaultKind::NotPresent)
}

#[test]
fn a_signal_that_somebody_keeps_is_an_error_and_no_half_is_installed() {
    for (kept, mode) in BOTH.into_iter().flat_map(|signal| [(signal, SILENT), (signal, TELLING)]) {
        child::run_case(&format!("{kept}, {mode}"), || {
            BOTH.iter().for_each(|&signal| set_three(signal, ignore, 0, &[]));
            let before = BOTH.map(disposition);
            KEPT.store(kept as usize, SeqCst);
            for _ in 0..20 {
                MODE.store(mode, SeqCst);
                // SAFETY: (1) nothing is mapped where this scene reads.
                let outcome = unsafe { hosted::install() };
                assert_eq!(outcome, Err(InstallError::Swallowed { signal: kept }));
                assert!(!hosted::is_in_front());
                MODE.store(FORWARD, SeqCst);
                assert_eq!(BOTH.map(disposition), before);
            }
            assert_eq!(axptr::selftest(), Err(axptr::SelftestError::NotSetUp));
            install();
            assert!(hosted::is_in_front() && recovers());
        })
        .expect_success();
    }
}

/// Another thread is inside `install` when the process is forked: between the two signals, or in front of both.
#[test]
fn the_child_of_a_process_that_was_installing_installs_too() {
    for kept in BOTH {
        child::run_case(&kept.to_string(), || {
            KEPT.store(kept as usize, SeqCst);
            MODE.store(WAITING, SeqCst);
            let installing = thread::spawn(install);
            while ARRIVED.load(SeqCst) == 0 {
                thread::yield_now();
            }
            // SAFETY: the child calls what may be called there, and ends.
            let child = unsafe { libc::fork() };
            if child == 0 {
                // SAFETY: a child that hangs is ended by the signal's default action.
                unsafe { libc::alarm(10) };
                MODE.store(FORWARD, SeqCst);
                install();
                let good = hosted::is_in_front() && recovers();
                // SAFETY: ends the child.
                unsafe { libc::_exit(if good { 7 } else { 8 }) };
            }
            let mut status = 0;
            // SAFETY: room for a status.
            assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
            assert!(libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 7, "{status:#x}");
            // The parent's own goes on as if nothing had been.
            MODE.store(FORWARD, SeqCst);
            installing.join().unwrap();
            assert!(hosted::is_in_front() && recovers());
        })
        .expect_success();
    }
}

/// Others still wait for the one that is installing.
#[test]
fn a_second_thread_waits_for_the_first() {
    child::run(|| {
        KEPT.store(libc::SIGBUS as usize, SeqCst);
        MODE.store(WAITING, SeqCst);
        let threads = [(); 4].map(|()| {
            thread::spawn(|| {
                install();
                assert!(recovers());
            })
        });
        while ARRIVED.load(SeqCst) == 0 {
            thread::yield_now();
        }
        thread::sleep(std::time::Duration::from_millis(100));
        assert_eq!(ARRIVED.load(SeqCst), 1, "two are inside at once");
        assert!(!threads.iter().any(|thread| thread.is_finished()));
        MODE.store(FORWARD, SeqCst);
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    })
    .expect_success();
}

/// Passing a fault on costs a system call for the mask, and none for the action, if the former handler has moved on.
#[test]
fn a_fault_that_is_passed_on_and_handled_asks_for_no_action() {
    extern "C" fn skip(_: c_int, _: *mut libc::siginfo_t, context: *mut c_void) {
        // SAFETY: (1) SA_SIGINFO: a valid context, which nobody else refers to.
        unsafe { registers::Registers::of(context) }.skip(machine::FOREIGN_SIZE);
    }
    child::run(|| {
        BOTH.iter().for_each(|&signal| set_three(signal, skip, 0, &[]));
        install();
        let before = CALLS.load(SeqCst);
        for _ in 0..100 {
            handlers::foreign_load(NOWHERE);
        }
        assert_eq!(CALLS.load(SeqCst), before);
        assert!(hosted::is_in_front() && recovers());
    })
    .expect_success();
}
