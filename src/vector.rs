// SPDX-License-Identifier: MIT OR Apache-2.0
//! A trap vector put in front of the kernel's own (feature `vector`).
//!
//! For kernels whose fault handler never sees the trap frame, and so cannot send it to a landing: the
//! published ArceOS crates, for one. A kernel that owns its handler calls [`trap::recover`](crate::trap::recover)
//! there instead.
//!
//! The vector takes faults that were raised in kernel mode by an instruction in the table. It closes the
//! user-access window, gives the interrupted code's interrupt state back, asks the pager, and sends the frame to
//! the landing if the pager says no. Everything else goes to the former handler, unchanged.
//!
//! On x86_64 it also closes the window in front of all other handlers, interrupts among them: what interrupts a
//! copy, and the task that it may switch to, runs with user memory closed. That is 2.3 KiB of code, and 2 KiB of
//! mutable statics for the former handlers. For the other machines see [`window`](crate::window).

use core::{
    fmt, mem, ptr,
    sync::atomic::{AtomicPtr, Ordering},
};

use crate::{arch, cause::Access, trap::Recovery};

/// Makes the page at a user address accessible, or says that it may not be.
///
/// Called in kernel mode with the window closed and interrupts as they were at the access. It may sleep if the
/// access may. See [`AddressSpace::handle_fault`](crate::region::AddressSpace::handle_fault).
pub type Pager = fn(addr: usize, access: Access) -> bool;

/// The vector cannot be put in front of what is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InstallError {
    /// There is no handler to pass on to: the kernel's own must be installed first.
    NoHandler,
    /// Another CPU's former handler is another one; the vector can pass on to one only.
    OtherHandler,
}

impl fmt::Display for InstallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoHandler => "the kernel has no fault handler to put the vector in front of",
            Self::OtherHandler => "this CPU's fault handler is not the one of the CPUs before",
        })
    }
}

impl core::error::Error for InstallError {}

/// The pager of all CPUs; null until there is one. A pointer, because it comes to be called.
static PAGER: AtomicPtr<()> = AtomicPtr::new(ptr::null_mut());

/// Puts the vector in front of this CPU's fault handlers, with `pager` for all CPUs.
///
/// Call it on each CPU after the kernel has installed its own handlers. Where CPUs share their table of
/// handlers, the first call does it and the others find it done.
///
/// # Errors
///
/// If there is nothing to pass on to. Nothing is changed then.
///
/// # Safety
///
/// 1. The CPU runs in kernel mode, with its table of handlers writable, and no other CPU takes a fault or an
///    interrupt through a shared one, or installs in it, during the first call.
/// 2. The handlers of faults are entered with interrupts off, and all handlers stay valid.
/// 3. The kernel is built without vector registers, or its handlers save them: the vector saves the general
///    registers only.
/// 4. On loongarch64, nobody else keeps anything in CSR.SAVE7, which the vector needs to free its first register.
/// 5. On riscv64, `sscratch` is 0 in kernel mode and not 0 in user mode, as axcpu keeps it, and the kernel's own trap
///    entry has the symbol `trap_vector_base`, axcpu's, within 1 MiB: nothing else can be jumped to with all registers
///    kept. Without such an entry the call fails.
pub unsafe fn install(pager: Pager) -> Result<(), InstallError> {
    PAGER.store(pager as *mut (), Ordering::Release);
    // SAFETY: (1), (2) and (3) are ours.
    unsafe { arch::vector::put_in_front() }
}

/// What the machine's half of the vector calls with the frame; true to resume it.
pub(crate) fn on_fault(frame: &mut arch::vector::Frame) -> bool {
    let Some(report) = frame.report() else {
        return false;
    };
    let interrupted = frame.interrupts();
    let recovery = crate::trap::recover(frame, report, |addr, access| {
        let pager = PAGER.load(Ordering::Acquire);
        // SAFETY: only `install` stores here, and it did so before the vector could be entered.
        let pager = unsafe { mem::transmute::<*mut (), Pager>(pager) };
        interrupted.during(|| pager(addr, access))
    });
    match recovery {
        Recovery::NotOurs => false,
        Recovery::Repaired | Recovery::Landed => true,
    }
}
