// SPDX-License-Identifier: MIT OR Apache-2.0
//! A trap entry of the kernel's own for #GP and #PF, in front of axcpu's.

use core::{
    arch::{asm, global_asm},
    sync::atomic::{AtomicUsize, Ordering},
};

use axptr::trap::Report;

use super::{
    gates::{self, GP, PF},
    window,
};
use crate::{line::TrapFrame, own};

static FORMER_GP: AtomicUsize = AtomicUsize::new(0);
static FORMER_PF: AtomicUsize = AtomicUsize::new(0);

/// Puts the entry into the gates, which the CPUs share.
pub fn install() {
    for (vector, former, entry) in
        [(GP, &FORMER_GP, kernel_own_gp as *const ()), (PF, &FORMER_PF, kernel_own_pf as *const ())]
    {
        let handler = gates::handler(vector);
        if handler != entry.addr() {
            former.store(handler, Ordering::Relaxed);
            // SAFETY: the entry sends on what it does not decide.
            unsafe { gates::set_handler(vector, entry.addr()) };
        }
    }
}

/// What the entry calls, with interrupts off.
extern "C" fn decide(frame: &mut TrapFrame) -> bool {
    report(frame).is_some_and(|report| own::handle(frame, report))
}

/// What the CPU says of a data access.
fn report(frame: &TrapFrame) -> Option<Report> {
    if frame.vector == GP as u64 {
        return Some(Report::x86_64_protection_fault());
    }
    let addr: usize;
    // SAFETY: reads a register; nothing has faulted since.
    unsafe { asm!("mov {}, cr2", out(reg) addr, options(nomem, nostack, preserves_flags)) };
    let window_closed = window::is_enforced() && !window::was_open(frame);
    Some(Report { window_closed, ..Report::x86_64_page_fault(frame.error_code as usize, addr)? })
}

unsafe extern "C" {
    fn kernel_own_gp();
    fn kernel_own_pf();
}

// Entered with the CPU's frame: [rsp] error code, 16-aligned. Kernel mode only: this kernel runs no user code.
global_asm!(
    ".pushsection .text.kernel_own, \"ax\", @progbits",
    ".global kernel_own_gp",
    "kernel_own_gp:",
    "push {gp}",
    "jmp 2f",
    ".global kernel_own_pf",
    "kernel_own_pf:",
    "push {pf}",
    // The CPU leaves RFLAGS.AC as it was: the window is open until axptr closes it for the pager.
    "2: cld",
    // axcpu's frame, from its end to its beginning.
    ".irp register, r15,r14,r13,r12,r11,r10,r9,r8,rdi,rsi,rbp,rbx,rdx,rcx,rax",
    "push \\register",
    ".endr",
    "mov rdi, rsp",
    "call {decide}",
    "test al, al", // `pop` keeps the flags
    ".irp register, rax,rcx,rdx,rbx,rbp,rsi,rdi,r8,r9,r10,r11,r12,r13,r14,r15",
    "pop \\register",
    ".endr",
    "jz 4f",
    "add rsp, 16", // vector and error code
    "iretq",
    "4: cmp dword ptr [rsp], {pf}",
    "lea rsp, [rsp + 8]",
    "jne 5f",
    "jmp [rip + {former_pf}]",
    "5: jmp [rip + {former_gp}]",
    ".popsection",
    gp = const GP,
    pf = const PF,
    decide = sym decide,
    former_gp = sym FORMER_GP,
    former_pf = sym FORMER_PF,
);

const _: () = assert!(size_of::<TrapFrame>() == 22 * size_of::<u64>(), "the entry pushes axcpu's frame");
