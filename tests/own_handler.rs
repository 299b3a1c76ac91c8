// SPDX-License-Identifier: MIT OR Apache-2.0
//! `trap::selftest` against a handler of the program's own, which asks `trap::recover` as a kernel's does: a right one
//! passes, on several threads at once, and one that loses a register is named, whichever it is and whatever it holds then.

#![cfg(all(target_arch = "x86_64", target_os = "linux"))]

use std::{
    ptr,
    sync::atomic::{AtomicI32, AtomicI64, Ordering},
    thread,
};

use axptr::trap::{HandlerError, Operands, OwnFault, Recovery, Report, Told, TrapFrame, recover, selftest};
use libc::{c_int, c_void, siginfo_t, ucontext_t};

/// Never mapped (vm.mmap_min_addr).
const UNMAPPED: usize = 0x40;

/// The register that the handler loses, as its place in the frame, or -1; and what it holds instead.
static LOST: AtomicI32 = AtomicI32::new(-1);
static INSTEAD: AtomicI64 = AtomicI64::new(0);

struct Frame<'a>(&'a mut [i64; 23]);

// SAFETY: (1) to (4) the kernel restores these registers when the handler returns.
unsafe impl TrapFrame for Frame<'_> {
    fn pc(&self) -> usize {
        self.0[libc::REG_RIP as usize] as usize
    }

    fn set_pc(&mut self, pc: usize) {
        self.0[libc::REG_RIP as usize] = pc as i64;
    }

    fn set_cause(&mut self, value: usize) {
        self.0[libc::REG_RDX as usize] = value as i64;
    }

    fn operands(&self) -> Option<Operands> {
        let register = |number: c_int| self.0[number as usize] as usize;
        Some(Operands { read: register(libc::REG_RSI), write: register(libc::REG_RDI) })
    }
}

extern "C" fn handler(_: c_int, info: *mut siginfo_t, context: *mut c_void) {
    // SAFETY: the kernel has made both for this call.
    let (info, context) = unsafe { (&*info, &mut *context.cast::<ucontext_t>()) };
    // SAFETY: SIGSEGV of an access has an address.
    let addr = unsafe { info.si_addr() }.addr();
    let mut frame = Frame(&mut context.uc_mcontext.gregs);
    let code = frame.0[libc::REG_ERR as usize] as usize;
    let report = Report::x86_64_page_fault(code, addr).unwrap_or_default();
    if recover(&mut frame, report, |_, _| false) == Recovery::NotOurs && !OwnFault::step_over(&mut frame) {
        // SAFETY: ends the program.
        unsafe { libc::abort() };
    }
    let lost = LOST.load(Ordering::Relaxed);
    if lost >= 0 {
        frame.0[lost as usize] = INSTEAD.load(Ordering::Relaxed);
    }
}

fn install() {
    // SAFETY: (1) addresses of page 0 only.
    unsafe { axptr::set_user_limit(axptr::DEFAULT_USER_LIMIT) };
    // SAFETY: all zero is a value.
    let mut action: libc::sigaction = unsafe { core::mem::zeroed() };
    action.sa_sigaction = handler as *const () as usize;
    action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
    // SAFETY: the handler only changes the frame.
    assert_eq!(unsafe { libc::sigaction(libc::SIGSEGV, &action, ptr::null_mut()) }, 0);
}

fn run(addr: usize) -> Result<Told, HandlerError> {
    selftest(addr, OwnFault::raise, |pc| pc)
}

/// One test: a process has one handler.
#[test]
fn a_handler_of_the_programs_own_is_judged() {
    install();
    for addr in [0, 1, 0x40, 0xfc0, 0xfff, axptr::DEFAULT_USER_LIMIT - 64] {
        assert_eq!(run(addr), Ok(Told::Kinds), "{addr:#x}");
    }
    thread::scope(|threads| {
        for _ in 0..4 {
            threads.spawn(|| (0..3000).for_each(|_| assert_eq!(run(UNMAPPED), Ok(Told::Kinds))));
        }
    });

    // Meanwhile others access the same bad address.
    let beside = |own: OwnFault| {
        (0..20_000).for_each(|_| assert!(axptr::UserConstPtr::<u8>::from(UNMAPPED).read().is_err()));
        own.raise()
    };
    assert_eq!(selftest(UNMAPPED, beside, |pc| pc), Ok(Told::Kinds));

    const REGISTERS: [(c_int, &str); 14] = [
        (libc::REG_RAX, "rax"),
        (libc::REG_RCX, "rcx"),
        (libc::REG_RBX, "rbx"),
        (libc::REG_RBP, "rbp"),
        (libc::REG_RSI, "rsi"),
        (libc::REG_RDI, "rdi"),
        (libc::REG_R8, "r8"),
        (libc::REG_R9, "r9"),
        (libc::REG_R10, "r10"),
        (libc::REG_R11, "r11"),
        (libc::REG_R12, "r12"),
        (libc::REG_R13, "r13"),
        (libc::REG_R14, "r14"),
        (libc::REG_R15, "r15"),
    ];
    let mut missed = Vec::new();
    for (place, name) in REGISTERS {
        for value in [0, 1, -1] {
            INSTEAD.store(value, Ordering::Relaxed);
            LOST.store(place, Ordering::Relaxed);
            let told = run(UNMAPPED);
            LOST.store(-1, Ordering::Relaxed);
            if told != Err(HandlerError::Clobbered { register: name }) {
                missed.push((name, value, told));
            }
        }
    }
    assert!(missed.is_empty(), "{missed:x?}");
}
