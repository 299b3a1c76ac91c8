// SPDX-License-Identifier: MIT OR Apache-2.0
//! The entry of all traps of this CPU (Privileged ISA, "stvec").

use core::arch::asm;

/// Where it is.
pub fn entry() -> usize {
    let addr;
    // SAFETY: reads a register.
    unsafe { asm!("csrr {}, stvec", out(reg) addr, options(nomem, nostack)) };
    addr
}

/// Puts it elsewhere.
///
/// # Safety
///
/// `addr` is aligned to four bytes, and its code takes every trap in the way of the former entry.
pub unsafe fn set_entry(addr: usize) {
    // SAFETY: the caller vouches for the address.
    unsafe { asm!("csrw stvec, {}", in(reg) addr, options(nostack)) };
}
