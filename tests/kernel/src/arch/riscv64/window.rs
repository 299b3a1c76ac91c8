// SPDX-License-Identifier: MIT OR Apache-2.0
//! `sstatus.SUM`: user pages are closed to kernel code while it is 0 (Privileged ISA, "sstatus").
//!
//! The CPU always asks for it, so "enforced" is what it is between two accesses.

use core::arch::asm;

const SSTATUS_SUM: usize = 1 << 18;

/// Whether axptr's vector closes the window in front of an interrupt's handler, or nothing is ever open
/// there.
pub const VECTOR_CLOSES_BEFORE_INTERRUPTS: bool = false;

/// Nothing is passed on from inside a window that a case could look at.
pub fn watch_what_is_passed_on() {}

/// Whether the CPU keeps kernel code away from user memory outside a window.
#[inline(always)]
pub fn is_enforced() -> bool {
    !is_open()
}

/// Makes the CPU enforce it.
///
/// # Safety
///
/// The kernel touches user memory inside windows only from now on.
// Out of line: the audit follows what its callers do to the window, and this is not done by halves.
#[inline(never)]
pub unsafe fn enforce() {
    close();
}

/// Whether user memory is open to kernel code at this moment.
#[inline(always)]
pub fn is_open() -> bool {
    let sstatus: usize;
    // SAFETY: reads a register.
    unsafe { asm!("csrr {}, sstatus", out(reg) sstatus, options(nomem, nostack)) };
    sstatus & SSTATUS_SUM != 0
}

/// Whether it was open to the code of a frame.
pub fn was_open(frame: &crate::line::TrapFrame) -> bool {
    frame.sstatus.sum()
}

/// Opens user memory to kernel code until [`close`].
#[inline(always)]
pub fn open() {
    // SAFETY: concerns accesses to user pages only.
    unsafe { asm!("csrs sstatus, {}", in(reg) SSTATUS_SUM, options(nostack)) };
}

/// Closes it again.
#[inline(always)]
pub fn close() {
    // SAFETY: as above.
    unsafe { asm!("csrc sstatus, {}", in(reg) SSTATUS_SUM, options(nostack)) };
}

/// Calls `f` inside an open window, and says with its result whether the window was still open behind it.
pub fn during<R>(f: impl FnOnce() -> R) -> (R, bool) {
    open();
    let result = f();
    let still_open = is_open();
    close();
    (result, still_open)
}
