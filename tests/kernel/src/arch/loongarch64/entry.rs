// SPDX-License-Identifier: MIT OR Apache-2.0
//! The entry of all exceptions and interrupts of this CPU (Reference Manual vol. 1, chapter 6), and how code
//! at the entry goes on to the one that was there before.

use core::arch::asm;

/// CSR.EENTRY.
const EENTRY: usize = 0xc;

/// Where the entry is.
pub fn entry() -> usize {
    let addr;
    // SAFETY: reads a register.
    unsafe { asm!("csrrd {}, {EENTRY}", out(reg) addr, EENTRY = const EENTRY, options(nomem, nostack)) };
    addr
}

/// Puts the entry elsewhere.
///
/// # Safety
///
/// `addr` begins a page whose code takes every exception in the way of the former entry.
pub unsafe fn set_entry(addr: usize) {
    // SAFETY: the caller vouches for the address.
    unsafe { asm!("csrwr {}, {EENTRY}", inout(reg) addr => _, EENTRY = const EENTRY, options(nostack)) };
}

/// Jumps to the address in t0, with t0 restored from `save` and every other register as it is.
///
/// No instruction jumps without a register. So this returns from a TLB refill that has not happened: with
/// TLBRERA.IsTLBR set, ERTN goes there, to the level and interrupt state in TLBRPRMD, 0 as at an exception
/// (vol. 1, chapter 7).
macro_rules! pass_on {
    ($save:literal) => {
        concat!("ori $t0, $t0, 1\ncsrwr $zero, 0x8f\ncsrwr $t0, 0x8a\ncsrrd $t0, ", $save, "\nertn\n")
    };
}
pub(super) use pass_on;
