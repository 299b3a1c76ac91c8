// SPDX-License-Identifier: MIT OR Apache-2.0
//! What decides between a fault and a signal that was sent, one by one: an instruction of the table is interrupted
//! exactly where it stands, because a system call in front of it sends the signal.

use std::{
    ffi::c_void,
    mem, process, ptr,
    sync::atomic::{AtomicI32, Ordering::SeqCst},
};

use axptr::{FaultKind, copy_from_user};
use libc::{c_int, siginfo_t};

use crate::{
    child::{self, End},
    handlers::{BOTH, install, set_one, set_three, thread_id},
    machine::call_then_entry,
    memory::{NOWHERE, PAGE, map},
};

// <asm-generic/siginfo.h>, <asm-generic/fcntl.h>; the libc crate does not have them.
const SI_SIGIO: c_int = -5;
const SI_DETHREAD: c_int = -7;
const BUS_MCEERR_AR: c_int = 4;

static PASSED_ON: AtomicI32 = AtomicI32::new(0);

extern "C" fn record(_: c_int, info: *mut siginfo_t, _: *mut c_void) {
    // SAFETY: SA_SIGINFO: valid.
    PASSED_ON.store(unsafe { (*info).si_code }, SeqCst);
}

/// Sends this thread a signal that arrives at an instruction of the table; returns the cause that its landing was
/// told, 0 if it went on there by itself.
fn cause_after(signal: c_int, code: c_int) -> usize {
    // SAFETY: all zeroes is a siginfo.
    let mut info = unsafe { mem::zeroed::<siginfo_t>() };
    info.si_signo = signal;
    info.si_code = code;
    let args = [process::id() as usize, thread_id() as usize, signal as usize, (&raw const info).addr()];
    // SAFETY: (1) the system call reads `info`.
    let (status, cause) = unsafe { call_then_entry(libc::SYS_rt_tgsigqueueinfo as usize, args) };
    assert_eq!(status, 0);
    cause
}

#[test]
fn a_signal_that_was_sent_is_no_fault_of_the_instruction_that_it_interrupts() {
    child::run(|| {
        BOTH.iter().for_each(|&signal| set_three(signal, record, 0, &[]));
        install();
        let sent = [
            libc::SI_USER,
            libc::SI_QUEUE,
            libc::SI_TIMER,
            libc::SI_MESGQ,
            libc::SI_ASYNCIO,
            SI_SIGIO,
            libc::SI_TKILL,
            SI_DETHREAD,
        ];
        for signal in BOTH {
            for code in sent {
                PASSED_ON.store(i32::MAX, SeqCst);
                assert_eq!((cause_after(signal, code), PASSED_ON.load(SeqCst)), (0, code), "signal {signal}");
            }
        }
    })
    .expect_success();
}

#[test]
fn a_note_that_memory_goes_bad_is_no_fault_of_the_instruction_that_it_interrupts() {
    expect_as_if_from_the_kernel(&child::run(|| {
        begin();
        assert_eq!(cause_after(libc::SIGBUS, libc::BUS_MCEERR_AO), 0);
        assert_eq!(PASSED_ON.load(SeqCst), libc::BUS_MCEERR_AO);
    }));
}

/// The other side of the line: what the instruction itself has raised. The kernel lets a process say so to itself.
#[test]
fn a_fault_of_the_instruction_lands_and_damaged_memory_says_so() {
    expect_as_if_from_the_kernel(&child::run(|| {
        begin();
        let kind = cause_after(libc::SIGBUS, BUS_MCEERR_AR) & 0xff;
        assert_eq!(kind, FaultKind::Poison as usize);
        for (signal, code) in [(libc::SIGSEGV, 1), (libc::SIGBUS, 2)] {
            assert_ne!(cause_after(signal, code), 0);
        }
        assert_eq!(PASSED_ON.load(SeqCst), i32::MAX);
    }));
}

/// A handler's frame that finds no room on its stack becomes a SIGSEGV, with a code of its own and no address, between
/// any two instructions.
#[test]
fn a_signal_that_finds_no_stack_is_no_fault_of_the_instruction_that_it_interrupts() {
    extern "C" fn never(_: c_int) {
        process::abort();
    }
    for (case, faults) in [("the first fault", 0), ("after page faults of ours", 3)] {
        child::run_case(case, || {
            begin();
            for _ in 0..faults {
                assert!(copy_from_user(&mut [0; 8], NOWHERE).is_err());
            }
            const SIZE: usize = 16 * PAGE;
            let stack =
                libc::stack_t { ss_sp: map(SIZE / PAGE, libc::PROT_NONE).cast(), ss_flags: 0, ss_size: SIZE };
            // SAFETY: a mapping of that size, used by nobody at all.
            assert_eq!(unsafe { libc::sigaltstack(&raw const stack, ptr::null_mut()) }, 0);
            set_one(libc::SIGUSR1, never, libc::SA_ONSTACK, &[]);
            let args = [process::id() as usize, thread_id() as usize, libc::SIGUSR1 as usize, 0];
            // SAFETY: (1) the system call reads no memory.
            let (status, cause) = unsafe { call_then_entry(libc::SYS_tgkill as usize, args) };
            assert_eq!((status, cause, PASSED_ON.load(SeqCst)), (0, 0, libc::SI_KERNEL));
        })
        .expect_success();
    }
}

fn begin() {
    BOTH.iter().for_each(|&signal| set_three(signal, record, 0, &[]));
    install();
    PASSED_ON.store(i32::MAX, SeqCst);
    println!("began");
}

/// A scene that sends itself what only the kernel sends. qemu-user takes it for a fault of its own, and gives up: the
/// program never sees the signal there, so what it would make of it is shown on real machines only.
#[track_caller]
fn expect_as_if_from_the_kernel(end: &End) {
    if child::is_emulated() {
        end.expect_death(libc::SIGBUS, "QEMU internal SIGBUS");
    } else {
        end.expect_success();
    }
}
