// SPDX-License-Identifier: MIT OR Apache-2.0
//! Hides a value's origin from the compiler.

/// Returns the same value. The compiler cannot know that it is the same.
#[inline(always)]
pub(crate) fn hide(value: usize) -> usize {
    let mut hidden = value;
    // SAFETY: no instruction.
    unsafe {
        core::arch::asm!("/* {0} */", inout(reg) hidden, options(pure, nomem, nostack, preserves_flags));
    }
    hidden
}
