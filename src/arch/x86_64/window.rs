// SPDX-License-Identifier: MIT OR Apache-2.0
//! RFLAGS.AC outside the routines, for a task switch.

use core::arch::asm;

const RFLAGS_AC: usize = 1 << 18;

/// Closes the window, and returns whether it was open.
// Out of line, as `reopen`: the audit follows the window in functions that access user memory, and not through halves.
#[inline(never)]
pub(crate) fn close() -> bool {
    // Without SMAP there is no `clac`, and AC has no effect in ring 0.
    if !super::has_window() {
        return false;
    }
    let rflags: usize;
    // SAFETY: pushes and pops a word.
    unsafe { asm!("pushfq", "pop {}", out(reg) rflags, options(preserves_flags)) };
    let was_open = rflags & RFLAGS_AC != 0;
    if was_open {
        // SAFETY: the CPU has SMAP. The compiler moves no access to user memory across, because it knows of none.
        unsafe { asm!("clac", options(nostack)) };
    }
    was_open
}

/// Opens the window again.
#[inline(never)]
pub(crate) fn reopen() {
    // SAFETY: `close` found the window open, so the CPU has SMAP.
    unsafe { asm!("stac", options(nostack)) };
}

/// Whether the machine has a window, so that [`reopen`] may be called.
#[inline]
pub(crate) fn exists() -> bool {
    super::has_window()
}
