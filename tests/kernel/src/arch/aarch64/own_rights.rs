// SPDX-License-Identifier: MIT OR Apache-2.0
//! UAO: unprivileged accesses have the kernel's rights while PSTATE.UAO is 1 (Arm ARM D8.4.3).

use core::arch::asm;

const UAO: usize = 1 << 23;

/// Calls `f` while they do.
///
/// # Safety
///
/// The CPU has UAO, and `f` accesses no user memory.
pub unsafe fn during<R>(f: impl FnOnce() -> R) -> R {
    set(UAO);
    let result = f();
    set(0);
    result
}

fn set(state: usize) {
    // SAFETY: sets PSTATE.UAO, which the callers know to exist.
    unsafe { asm!("msr s3_0_c4_c2_4, {}", in(reg) state, options(nostack)) };
}
