// SPDX-License-Identifier: MIT OR Apache-2.0
//! PSTATE.PAN outside the routines, for a task switch.
//!
//! Routines and single values need no window; atomics do. A task that was interrupted in one finds PAN set
//! again with SCTLR_EL1.SPAN = 0, and as the atomic has left it with 1 (Arm ARM D8.4.3.5).

use super::{CPU_PAN, cpu, inline};

/// Closes user memory to kernel code, and says whether it was open.
pub(crate) fn close() -> bool {
    let was_open = cpu() & CPU_PAN != 0 && inline::pan_is_clear();
    if was_open {
        inline::set_pan();
    }
    was_open
}

/// Opens it again.
pub(crate) fn reopen() {
    // `close` has found it open, so the CPU has PAN.
    inline::clear_pan();
}
