// SPDX-License-Identifier: MIT OR Apache-2.0
//! TBI: the machine ignores the top byte of user addresses while TCR_EL1.TBI0 is 1 (Arm ARM D8.8.1).

use core::arch::asm;

const TBI0: usize = 1 << 37;

/// Calls `f` while it does.
pub fn while_ignored<R>(f: impl FnOnce() -> R) -> R {
    let before = translation();
    set_translation(before | TBI0);
    let result = f();
    set_translation(before);
    result
}

fn translation() -> usize {
    let tcr;
    // SAFETY: reads a register.
    unsafe { asm!("mrs {}, tcr_el1", out(reg) tcr, options(nomem, nostack, preserves_flags)) };
    tcr
}

fn set_translation(tcr: usize) {
    // SAFETY: whether the top byte counts is no matter to addresses in which it is 0. TLBs may hold the bit.
    unsafe {
        asm!("msr tcr_el1, {}", "isb", "tlbi vmalle1", "dsb nsh", "isb", in(reg) tcr, options(nostack, preserves_flags));
    }
}
