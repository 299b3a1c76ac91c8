// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is asked of the CPU.

use x86_64::registers::control::{Cr4, Cr4Flags};

use crate::println;

/// Bits of CPUID leaf 7, register EBX.
const SMEP: u32 = 1 << 7;
const SMAP: u32 = 1 << 20;

/// Keeps the kernel away from the program's memory, if the CPU can: it executes nothing there (SMEP), and reads and
/// writes only while the window is open (SMAP).
pub(crate) fn keep_out_of_user_memory() {
    let has = leaf_7();
    println!("\ncpu:{}", if has & SMAP != 0 { " smap" } else { "" });
    let mut cr4 = Cr4::read();
    cr4.set(Cr4Flags::SUPERVISOR_MODE_EXECUTION_PROTECTION, has & SMEP != 0);
    cr4.set(Cr4Flags::SUPERVISOR_MODE_ACCESS_PREVENTION, has & SMAP != 0);
    // SAFETY: the CPU has what is switched on, and user memory is accessed by those who open the window.
    unsafe { Cr4::write(cr4) };
}

/// EBX of CPUID leaf 7; 0 if there is none.
fn leaf_7() -> u32 {
    #[allow(unused_unsafe, reason = "it is safe to call with recent compilers")]
    // SAFETY: each CPU with a 64-bit mode has the instruction.
    unsafe {
        use core::arch::x86_64::{__cpuid, __cpuid_count};
        if __cpuid(0).eax < 7 { 0 } else { __cpuid_count(7, 0).ebx }
    }
}
