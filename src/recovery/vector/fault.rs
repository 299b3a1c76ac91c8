// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the vector does with a fault, the same on each machine.

use core::{
    mem, ptr,
    sync::atomic::{AtomicPtr, Ordering},
};

use crate::{
    extable::cause::Access,
    recovery::trap::{self, Recovery, Report, TrapFrame},
};

/// The kernel's pager: makes the page at a user address accessible, or returns `false`.
///
/// The vector calls it in kernel mode, with the window closed and with the interrupt state of the access. The pager may
/// sleep where the access may. See [`AddressSpace::handle_fault`](crate::region::AddressSpace::handle_fault).
pub type Pager = fn(addr: usize, access: Access) -> bool;

/// The pager of all CPUs, null until it is set. It is stored as a pointer, because it is called later.
static PAGER: AtomicPtr<()> = AtomicPtr::new(ptr::null_mut());

/// Sets the pager of all CPUs. The caller does so before the first fault.
pub(super) fn set_pager(pager: Pager) {
    PAGER.store(pager as *mut (), Ordering::Release);
}

/// The interrupt state of the interrupted code.
pub(super) trait InterruptState {
    /// Calls `f` in that state. Then restores the state in which the machine entered the vector.
    fn during<R>(self, f: impl FnOnce() -> R) -> R;
}

/// Decides a fault by its `report`, which the machine's file has read. Returns true to resume the frame.
///
/// Without a report, the fault goes on to the former handler.
pub(super) fn decide(
    frame: &mut impl TrapFrame,
    report: Option<Report>,
    interrupted: impl InterruptState,
) -> bool {
    let Some(report) = report else {
        return false;
    };
    let recovery = trap::recover(frame, report, |addr, access| {
        let pager = PAGER.load(Ordering::Acquire);
        // SAFETY: only `set_pager` stores here, and did so before the vector could be entered.
        let pager = unsafe { mem::transmute::<*mut (), Pager>(pager) };
        interrupted.during(|| pager(addr, access))
    });
    match recovery {
        Recovery::NotOurs => false,
        Recovery::Repaired | Recovery::Landed => true,
    }
}
