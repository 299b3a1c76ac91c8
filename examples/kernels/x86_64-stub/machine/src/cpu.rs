// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is asked of the CPU.

use core::arch::x86_64::{__cpuid, __cpuid_count};

use x86_64::registers::{
    control::{Cr4, Cr4Flags},
    rflags::{self, RFlags},
};

use crate::println;

/// Bits of CPUID leaf 7, register EBX.
const SMEP: u32 = 1 << 7;
const SMAP: u32 = 1 << 20;

/// Keeps the kernel away from the program's memory, if the CPU can: it executes nothing there (SMEP), and reads and
/// writes only while the window is open (SMAP).
pub(crate) fn keep_out_of_user_memory() {
    let has = leaf_7();
    let mut cr4 = Cr4::read();
    cr4.set(Cr4Flags::SUPERVISOR_MODE_EXECUTION_PROTECTION, has & SMEP != 0);
    cr4.set(Cr4Flags::SUPERVISOR_MODE_ACCESS_PREVENTION, has & SMAP != 0);
    // SAFETY: the CPU has what is switched on, and user memory is accessed by those who open the window.
    unsafe { Cr4::write(cr4) };
    println!("\ncpu:{}", if has_window() { " smap" } else { "" });
}

fn has_window() -> bool {
    Cr4::read().contains(Cr4Flags::SUPERVISOR_MODE_ACCESS_PREVENTION)
}

/// For a kernel that the program has entered, with all flags set that may harm: they must not have come with it.
pub(crate) fn assert_harmless_flags() {
    let flags = rflags::read();
    assert!(!flags.contains(RFlags::DIRECTION_FLAG), "string instructions run backwards");
    assert!(!(flags.contains(RFlags::ALIGNMENT_CHECK) && has_window()), "the window is open");
}

/// EBX of CPUID leaf 7; 0 if there is none.
#[allow(unused_unsafe, reason = "with recent compilers both are safe to call")]
fn leaf_7() -> u32 {
    // SAFETY: each CPU with a 64-bit mode has the instruction.
    let highest = unsafe { __cpuid(0) }.eax;
    // SAFETY: as before.
    if highest < 7 { 0 } else { unsafe { __cpuid_count(7, 0) }.ebx }
}
