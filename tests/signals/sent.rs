// SPDX-License-Identifier: MIT OR Apache-2.0
//! What decides between a fault and a signal that was sent, one by one: an instruction of the table is interrupted
//! exactly where it stands, because a system call in front of it sends the signal.

use std::{
    arch::asm,
    ffi::c_void,
    mem, process,
    sync::atomic::{AtomicI32, Ordering::SeqCst},
};

use axptr::{FaultKind, ex_entry};
use libc::{c_int, siginfo_t};

use crate::{
    child,
    handlers::{BOTH, install, set_three, thread_id},
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
    let (status, cause): (isize, usize);
    // SAFETY: the system call reads `info`. The instruction behind it touches no memory.
    unsafe {
        asm!(
            "syscall",
            "2: xor edx, edx",
            "3:",
            ex_entry!("2b", "3b", read),
            inout("rax") libc::SYS_rt_tgsigqueueinfo as isize => status,
            in("rdi") process::id() as usize,
            inout("rsi") thread_id() as usize => _,
            inout("rdx") signal as usize => cause,
            in("r10") &raw const info,
            out("rcx") _,
            out("r11") _,
        );
    }
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
        // Memory is going bad somewhere: not here.
        assert_eq!(cause_after(libc::SIGBUS, libc::BUS_MCEERR_AO), 0);
        assert_eq!(PASSED_ON.load(SeqCst), libc::BUS_MCEERR_AO);
    })
    .expect_success();
}

/// The other side of the line: what the instruction itself has raised. The kernel lets a process say so to itself.
#[test]
fn a_fault_of_the_instruction_lands_and_damaged_memory_says_so() {
    child::run(|| {
        BOTH.iter().for_each(|&signal| set_three(signal, record, 0, &[]));
        install();
        PASSED_ON.store(i32::MAX, SeqCst);
        let kind = cause_after(libc::SIGBUS, BUS_MCEERR_AR) & 0xff;
        assert_eq!(kind, FaultKind::Poison as usize);
        for (signal, code) in [(libc::SIGSEGV, 1), (libc::SIGSEGV, libc::SI_KERNEL), (libc::SIGBUS, 2)] {
            assert_ne!(cause_after(signal, code), 0);
        }
        assert_eq!(PASSED_ON.load(SeqCst), i32::MAX);
    })
    .expect_success();
}
