// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is asked of the CPU.

use core::arch::asm;

use crate::say;

/// Keeps the kernel away from user memory, if the CPU can (SUM): it accesses that only while the window is open.
pub fn keep_out_of_user_memory() {
    const SUM: usize = 1 << 18;
    let was_set: usize;
    // SAFETY: nothing accesses user memory here.
    unsafe { asm!("csrs sstatus, {0}", "csrrc {1}, sstatus, {0}", in(reg) SUM, out(reg) was_set) };
    say(format_args!("cpu:{}", if was_set & SUM != 0 { " sum" } else { "" }));
}
