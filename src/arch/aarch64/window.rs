// SPDX-License-Identifier: MIT OR Apache-2.0
//! PSTATE.PAN outside the routines, for a task switch.
//!
//! Only atomics need the window; routines and single values do not. If an interrupt stops an atomic, PAN depends on
//! SCTLR_EL1.SPAN: with 0 the CPU sets PAN, with 1 PAN stays as the atomic left it (Arm ARM D8.4.3.5).

use super::{CPU_PAN, IS_KERNEL, cpu, inline};

/// Closes the window, and returns whether it was open.
// Out of line, as `reopen`: the audit follows the window in functions that access user memory, and not through halves.
#[inline(never)]
pub(crate) fn close() -> bool {
    let was_open = IS_KERNEL && cpu() & CPU_PAN != 0 && inline::pan_is_clear();
    if was_open {
        inline::set_pan();
    }
    was_open
}

/// Opens the window again.
#[inline(never)]
pub(crate) fn reopen() {
    // `close` found the window open, so the CPU has PAN.
    inline::clear_pan();
}

/// Whether the machine has a window, so that [`reopen`] may be called.
#[inline]
pub(crate) fn exists() -> bool {
    IS_KERNEL && cpu() & CPU_PAN != 0
}
