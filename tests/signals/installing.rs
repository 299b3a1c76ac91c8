// SPDX-License-Identifier: MIT OR Apache-2.0
//! `install`: once, whoever calls it and however often.

use std::{
    ffi::c_void,
    hint,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use axptr::{FaultKind, copy_from_user};
use libc::{c_int, siginfo_t};

use crate::{
    child,
    handlers::{BOTH, disposition, install, raise, set_three, without_std},
    memory::NOWHERE,
};

static PASSED_ON: AtomicUsize = AtomicUsize::new(0);

extern "C" fn count(_: c_int, _: *mut siginfo_t, _: *mut c_void) {
    PASSED_ON.fetch_add(1, Ordering::SeqCst);
}

#[test]
fn installing_again_changes_nothing() {
    child::run(|| {
        BOTH.iter().for_each(|&signal| set_three(signal, count, 0, &[]));
        install();
        let first = BOTH.map(disposition);
        assert_eq!(first[0].0, first[1].0);
        assert_ne!(first[0].0, count as *const () as usize);
        for _ in 0..100 {
            install();
        }
        assert_eq!(BOTH.map(disposition), first);
        // Had the second call taken the first one's handler for the old one, this would not end.
        BOTH.iter().for_each(|&signal| raise(signal));
        assert_eq!(PASSED_ON.load(Ordering::SeqCst), 2);
    })
    .expect_success();
}

/// The kernel chooses the stack and restarts system calls by the flags: they must be the old handler's.
#[test]
fn the_old_handlers_stack_and_restart_flags_stay() {
    for flags in [0, libc::SA_ONSTACK, libc::SA_RESTART, libc::SA_ONSTACK | libc::SA_RESTART] {
        child::run_case(&format!("flags {flags:x}"), || {
            set_three(libc::SIGSEGV, count, flags, &[]);
            set_three(libc::SIGBUS, count, flags | libc::SA_RESETHAND | libc::SA_NODEFER, &[]);
            install();
            for signal in BOTH {
                let (handler, ours) = disposition(signal);
                assert_ne!(handler, count as *const () as usize);
                assert_eq!(ours, flags | libc::SA_SIGINFO, "signal {signal}");
            }
        })
        .expect_success();
    }
    child::run_case("no handler", || {
        without_std();
        install();
        let expected = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_RESTART;
        assert_eq!(BOTH.map(|signal| disposition(signal).1), [expected; 2]);
    })
    .expect_success();
}

#[test]
fn eight_threads_install_at_once_and_each_is_served_when_it_returns() {
    // A process can be late for the first installation only once.
    const PROCESSES: usize = 50;
    for number in 0..PROCESSES {
        child::run_case(&number.to_string(), || {
            BOTH.iter().for_each(|&signal| set_three(signal, count, 0, &[]));
            let arrived = AtomicUsize::new(0);
            thread::scope(|scope| {
                for _ in 0..8 {
                    scope.spawn(|| {
                        arrived.fetch_add(1, Ordering::SeqCst);
                        while arrived.load(Ordering::SeqCst) < 8 {
                            hint::spin_loop();
                        }
                        install();
                        let fault = copy_from_user(&mut [0; 8], NOWHERE).unwrap_err();
                        assert_eq!((fault.done, fault.kind), (0, FaultKind::NotPresent));
                    });
                }
            });
            BOTH.iter().for_each(|&signal| raise(signal));
            assert_eq!(PASSED_ON.load(Ordering::SeqCst), 2);
        })
        .expect_success();
    }
}

#[test]
fn installing_opens_the_user_half_unless_somebody_has() {
    child::run(|| {
        assert_eq!(axptr::user_limit(), 0);
        let fault = copy_from_user(&mut [0; 8], NOWHERE).unwrap_err();
        assert_eq!((fault.done, fault.kind), (0, FaultKind::NotSetUp));
        install();
        assert_eq!(axptr::user_limit(), axptr::DEFAULT_USER_LIMIT);
        let fault = copy_from_user(&mut [0; 8], NOWHERE).unwrap_err();
        assert_eq!((fault.done, fault.kind), (0, FaultKind::NotPresent));
    })
    .expect_success();
}

#[test]
fn a_limit_that_was_set_before_stays() {
    child::run(|| {
        // SAFETY: (1) nothing is mapped there.
        unsafe { axptr::set_user_limit(0x1000) };
        install();
        assert_eq!(axptr::user_limit(), 0x1000);
    })
    .expect_success();
}
