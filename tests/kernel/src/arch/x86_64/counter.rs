// SPDX-License-Identifier: MIT OR Apache-2.0
//! The counter in front of the gates of #GP and #PF.
//!
//! Knows nothing of axptr, and sends each fault on with all registers as the CPU left them.

use core::{
    arch::global_asm,
    sync::atomic::{AtomicUsize, Ordering},
};

use super::gates::{self, GP, PF};
use crate::traps::{self, Class};

static NEXT_PF: AtomicUsize = AtomicUsize::new(0);
static NEXT_GP: AtomicUsize = AtomicUsize::new(0);

/// Puts the counter in front of what the gates name now; the CPUs share them.
pub fn put_in_front() {
    for (vector, next, counter) in
        [(GP, &NEXT_GP, kernel_count_gp as *const ()), (PF, &NEXT_PF, kernel_count_pf as *const ())]
    {
        let former = gates::handler(vector);
        if former != counter.addr() {
            next.store(former, Ordering::Relaxed);
            // SAFETY: the counter sends every fault on to the former handler.
            unsafe { gates::set_handler(vector, counter.addr()) };
        }
    }
}

unsafe extern "C" {
    fn kernel_count_gp();
    fn kernel_count_pf();
}

// Entered with the CPU's frame: [rsp] error code, [rsp + 8] rip; 16-aligned before the error code was pushed and
// five words in front of it, so 16-aligned at the entry (SDM vol. 3, 6.14).
global_asm!(
    ".macro kernel_count name, class, next",
    ".global \\name",
    "\\name:",
    ".irp register, rax,rcx,rdx,rsi,rdi,r8,r9,r10,r11",
    "push \\register",
    ".endr",
    "mov rdi, [rsp + 80]",
    "mov esi, \\class",
    "cld",
    "sub rsp, 8",
    "call {record}",
    "add rsp, 8",
    ".irp register, r11,r10,r9,r8,rdi,rsi,rdx,rcx,rax",
    "pop \\register",
    ".endr",
    "jmp [rip + \\next]",
    ".endm",
    ".pushsection .text.kernel_count, \"ax\", @progbits",
    "kernel_count kernel_count_gp, {out_of_reach}, {next_gp}",
    "kernel_count kernel_count_pf, {page}, {next_pf}",
    ".popsection",
    record = sym traps::record,
    page = const Class::Page as usize,
    out_of_reach = const Class::OutOfReach as usize,
    next_gp = sym NEXT_GP,
    next_pf = sym NEXT_PF,
);
