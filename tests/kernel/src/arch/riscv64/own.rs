// SPDX-License-Identifier: MIT OR Apache-2.0
//! A trap entry of the kernel's own, in front of axcpu's.

use core::arch::{asm, global_asm};

use axptr::trap::Report;

use super::{entry::set_entry, window};
use crate::{line::TrapFrame, own};

/// Puts the entry in front of this CPU's; all CPUs have the same.
pub fn install() {
    // SAFETY: the entry sends on what it does not decide.
    unsafe { set_entry(kernel_own as *const () as usize) };
}

/// What the entry calls, with interrupts off.
extern "C" fn decide(frame: &mut TrapFrame) -> bool {
    report(frame).is_some_and(|report| own::handle(frame, report))
}

/// What the CPU says of a data access.
fn report(frame: &TrapFrame) -> Option<Report> {
    let (cause, addr): (usize, usize);
    // SAFETY: reads a register; nothing has trapped since.
    unsafe { asm!("csrr {}, scause", out(reg) cause, options(nomem, nostack)) };
    // SAFETY: as above.
    unsafe { asm!("csrr {}, stval", out(reg) addr, options(nomem, nostack)) };
    /// Sv39, which axhal's page tables have.
    const BITS: u32 = 39;
    let report = Report::riscv64_with_bits(cause, addr, BITS)?;
    Some(Report { window_closed: !window::was_open(frame), ..report })
}

unsafe extern "C" {
    pub(super) fn kernel_own();
}

// Builds axcpu's frame. This kernel runs no user code, so the stack is the kernel's.
global_asm!(
    ".macro kernel_own_each op",
    ".irp n, 1,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31",
    "\\op x\\n, 8 * \\n(sp)",
    ".endr",
    ".endm",
    ".pushsection .text.kernel_own, \"ax\", @progbits",
    ".balign 4",
    ".global kernel_own",
    "kernel_own:",
    "addi sp, sp, -{size}",
    "kernel_own_each sd",
    "sd zero, 0(sp)",
    "addi t0, sp, {size}",
    "sd t0, 16(sp)",
    "csrr t0, sepc",
    "sd t0, 256(sp)",
    "csrr t0, sstatus", // with SUM as it was: axptr closes the window for the pager
    "sd t0, 264(sp)",
    "mv a0, sp",
    "call {decide}",
    "andi t0, a0, 0xff",
    "ld t1, 256(sp)",
    "csrw sepc, t1",
    "ld t1, 264(sp)",
    "csrw sstatus, t1",
    "beqz t0, 2f",
    "kernel_own_each ld",
    "addi sp, sp, {size}",
    "sret",
    // What it does not decide has called nobody, so scause and stval are as they were.
    "2: kernel_own_each ld",
    "addi sp, sp, {size}",
    "j trap_vector_base",
    ".popsection",
    size = const size_of::<TrapFrame>(),
    decide = sym decide,
);

const _: () = assert!(size_of::<TrapFrame>() == 34 * size_of::<usize>(), "the entry builds axcpu's frame");
