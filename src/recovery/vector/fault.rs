// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the vector does with a fault, on each machine alike.

use core::{
    mem, ptr,
    sync::atomic::{AtomicPtr, Ordering},
};

use crate::{
    extable::cause::Access,
    recovery::trap::{self, Recovery, Report, TrapFrame},
};

/// Makes the page at a user address accessible, or says that it may not be.
///
/// Called in kernel mode with the window closed and interrupts as they were at the access. It may sleep if the
/// access may. See [`AddressSpace::handle_fault`](crate::region::AddressSpace::handle_fault).
pub type Pager = fn(addr: usize, access: Access) -> bool;

/// The pager of all CPUs; null until there is one. A pointer, because it comes to be called.
static PAGER: AtomicPtr<()> = AtomicPtr::new(ptr::null_mut());

/// Sets the pager of all CPUs, in front of the first fault.
pub(super) fn set_pager(pager: Pager) {
    PAGER.store(pager as *mut (), Ordering::Release);
}

/// The interrupt state of the interrupted code.
pub(super) trait InterruptState {
    /// Calls `f` in that state, and goes back to the one in which the machine has entered the vector.
    fn during<R>(self, f: impl FnOnce() -> R) -> R;
}

/// Decides a fault of which the machine's file has read the `report`; true to resume the frame.
///
/// Without a report it is none of ours, and goes on to the former handler.
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
        // SAFETY: only `set_pager` stores here, and it did so before the vector could be entered.
        let pager = unsafe { mem::transmute::<*mut (), Pager>(pager) };
        interrupted.during(|| pager(addr, access))
    });
    match recovery {
        Recovery::NotOurs => false,
        Recovery::Repaired | Recovery::Landed => true,
    }
}
