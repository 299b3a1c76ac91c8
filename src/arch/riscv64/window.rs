// SPDX-License-Identifier: MIT OR Apache-2.0
//! sstatus.SUM outside the routines, for a task switch.

use core::arch::asm;

use super::SSTATUS_SUM;

/// Closes user memory to kernel code, and says whether it was open.
pub(crate) fn close() -> bool {
    let sstatus: usize;
    // SAFETY: concerns accesses to user pages only; the compiler moves none across: it knows of none.
    unsafe { asm!("csrrc {}, sstatus, {}", out(reg) sstatus, in(reg) SSTATUS_SUM, options(nostack)) };
    sstatus & SSTATUS_SUM != 0
}

/// Opens it again.
pub(crate) fn reopen() {
    // SAFETY: as above; and it was open before `close`.
    unsafe { asm!("csrs sstatus, {}", in(reg) SSTATUS_SUM, options(nostack)) };
}
