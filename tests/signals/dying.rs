// SPDX-License-Identifier: MIT OR Apache-2.0
//! A program that crashes elsewhere still dies as it would have, with its own signal.

use std::{hint::black_box, thread};

use axptr::{FaultKind, copy_from_user, raw};
use libc::c_int;

use crate::{
    child,
    handlers::{BOTH, foreign_load, foreign_store, install, kill, queue, raise, set, thread_id, without_std},
    machine::wild_jump,
    memory::{NOWHERE, PAGE, good_then_bad, map, truncated_file},
};

/// Whether std's handlers, which this binary starts with, are in place when ours comes.
const STD: [(&str, bool); 2] = [("with std's handler", true), ("without a handler", false)];

/// Installs ours in front of std's handlers or of none, and shows that it works.
fn begin(with_std: bool) {
    if !with_std {
        without_std();
    }
    install();
    assert_eq!(copy_from_user(&mut [0; 8], NOWHERE).unwrap_err().kind, FaultKind::NotPresent);
    println!("began");
}

#[test]
fn a_crash_outside_of_the_table_ends_the_process_with_its_own_signal() {
    type Crash = fn();
    let crashes: [(&str, Crash, c_int); 9] = [
        ("null store", || foreign_store(0, 1), libc::SIGSEGV),
        ("null load", || _ = black_box(foreign_load(0)), libc::SIGSEGV),
        ("store to a read-only page", || foreign_store(map(1, libc::PROT_READ).addr(), 1), libc::SIGSEGV),
        ("non-canonical load", || _ = black_box(foreign_load(1 << 63)), libc::SIGSEGV),
        ("jump to null", || wild_jump(0), libc::SIGSEGV),
        ("jump to data", || wild_jump(map(1, libc::PROT_READ).addr()), libc::SIGSEGV),
        ("non-canonical jump", || wild_jump(1 << 62), libc::SIGSEGV),
        (
            "load behind a truncated file",
            || _ = black_box(foreign_load(truncated_file(1) + PAGE)),
            libc::SIGBUS,
        ),
        ("store behind a truncated file", || foreign_store(truncated_file(1) + PAGE, 1), libc::SIGBUS),
    ];
    for (crash, run, signal) in crashes {
        for (before, with_std) in STD {
            child::run_case(&format!("{crash}, {before}"), || {
                begin(with_std);
                run();
                child::survived();
            })
            .expect_death(signal, "began");
        }
    }
}

#[test]
fn a_crash_on_another_thread_ends_the_process() {
    for (before, with_std) in STD {
        child::run_case(before, || {
            begin(with_std);
            _ = thread::spawn(|| foreign_store(0, 1)).join();
            child::survived();
        })
        .expect_death(libc::SIGSEGV, "began");
    }
}

/// Contract C6: only the user side is recoverable.
#[test]
fn a_fault_on_the_kernel_side_of_a_copy_ends_the_process() {
    const LENGTHS: [usize; 8] = [1, 4, 8, 16, 32, 128, 1000, 8192];
    let user = good_then_bad(2);
    let kernel = map(2, libc::PROT_NONE);
    for len in LENGTHS {
        for path in axptr::internal::cpu_paths() {
            child::run_case(&format!("{len} bytes from user, {}", path.name()), || {
                begin(true);
                path.force();
                // SAFETY: (1) is violated: that is the scene. (2) The user side is mapped.
                let outcome = unsafe { raw::copy_from_user(kernel, user, len) };
                println!("{outcome:?}");
                child::survived();
            })
            .expect_death(libc::SIGSEGV, "began");
            child::run_case(&format!("{len} bytes to user, {}", path.name()), || {
                begin(true);
                path.force();
                // SAFETY: as above.
                let outcome = unsafe { raw::copy_to_user(user, kernel, len) };
                println!("{outcome:?}");
                child::survived();
            })
            .expect_death(libc::SIGSEGV, "began");
        }
    }
}

#[test]
fn a_signal_with_the_default_action_ends_the_process() {
    type Send = fn(c_int);
    let ways: [(&str, Send); 3] =
        [("kill", kill), ("raise", raise), ("sigqueue", |signal| queue(thread_id(), signal, libc::SI_QUEUE))];
    for signal in BOTH {
        for (way, send) in ways {
            child::run_case(&format!("signal {signal} by {way}"), || {
                begin(false);
                send(signal);
                child::survived();
            })
            .expect_death(signal, "began");
        }
    }
}

#[test]
fn a_fault_whose_signal_is_ignored_ends_the_process() {
    for signal in BOTH {
        child::run_case(&format!("signal {signal}"), || {
            BOTH.iter().for_each(|&signal| set(signal, libc::SIG_IGN, 0, &[]));
            install();
            kill(signal);
            raise(signal);
            println!("ignored what was sent");
            foreign_load(if signal == libc::SIGBUS { truncated_file(1) + PAGE } else { NOWHERE });
            child::survived();
        })
        .expect_death(signal, "ignored what was sent");
    }
}

/// std's handler takes a sent SIGSEGV for a crash: it resets the disposition and returns, for the crash to happen
/// again. Ours stays in front, with the default action behind it.
#[test]
fn after_stds_handler_has_given_up_faults_are_recovered_and_the_next_signal_kills() {
    for signal in BOTH {
        child::run_case(&format!("signal {signal}"), || {
            begin(true);
            raise(signal);
            let truncated = truncated_file(10) + PAGE;
            for _ in 0..1000 {
                assert_eq!(copy_from_user(&mut [0; 8], NOWHERE).unwrap_err().kind, FaultKind::NotPresent);
                assert_eq!(copy_from_user(&mut [0; 8], truncated).unwrap_err().kind, FaultKind::Bus);
            }
            println!("still recovered");
            raise(signal);
            child::survived();
        })
        .expect_death(signal, "still recovered");
    }
}

#[test]
fn stds_report_of_a_stack_overflow_still_appears() {
    #[inline(never)]
    #[expect(unconditional_recursion, reason = "the scene is a stack overflow")]
    fn overflow(n: u64) -> u64 {
        let frame = black_box([n; 64]);
        overflow(n + 1) + frame[n as usize % 64]
    }
    for (axptr, installs) in [("without axptr", false), ("with axptr", true)] {
        for (place, spawned) in [("main thread", false), ("spawned thread", true)] {
            let end = child::run_case(&format!("{place} {axptr}"), || {
                if installs {
                    begin(true);
                }
                println!("overflowing");
                if spawned {
                    let thread = thread::Builder::new().name("deep".to_owned());
                    _ = thread.spawn(|| black_box(overflow(0))).unwrap().join();
                } else {
                    child::on_main_thread(|| _ = black_box(overflow(0)));
                }
                child::survived();
            });
            if !spawned && cfg!(target_env = "musl") {
                // There std does not know where the main thread's stack ends.
                end.expect_death(libc::SIGSEGV, "overflowing");
                continue;
            }
            end.expect_death(libc::SIGABRT, "overflowing");
            end.expect_said(if spawned { "thread 'deep'" } else { "thread 'main'" });
            end.expect_said("has overflowed its stack");
        }
    }
}
