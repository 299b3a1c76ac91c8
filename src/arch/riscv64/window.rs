// SPDX-License-Identifier: MIT OR Apache-2.0
//! sstatus.SUM outside the routines, for a task switch.

use core::arch::asm;

use super::{IS_KERNEL, SSTATUS_SUM};

/// Closes the window, and returns whether it was open.
// Out of line, as `reopen`: the audit follows the window in functions that access user memory, and not through halves.
#[inline(never)]
pub(crate) fn close() -> bool {
    if !IS_KERNEL {
        return false;
    }
    let sstatus: usize;
    // SAFETY: affects accesses to user pages only. The compiler moves no such access across, because it knows of none.
    unsafe { asm!("csrrc {}, sstatus, {}", out(reg) sstatus, in(reg) SSTATUS_SUM, options(nostack)) };
    sstatus & SSTATUS_SUM != 0
}

/// Opens the window again.
#[inline(never)]
pub(crate) fn reopen() {
    // SAFETY: as above. The window was open before `close`.
    unsafe { asm!("csrs sstatus, {}", in(reg) SSTATUS_SUM, options(nostack)) };
}

/// Whether the machine has a window, so that [`reopen`] may be called.
#[inline]
pub(crate) fn exists() -> bool {
    IS_KERNEL
}
