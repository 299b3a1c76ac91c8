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

mod error;
mod fault;

crate::arch::machine_file!(as machine);

// For `cargo fmt`, which follows declarations and looks into no macro.
#[cfg(any())]
mod aarch64;
#[cfg(any())]
mod loongarch64;
#[cfg(any())]
mod riscv64;
#[cfg(any())]
mod x86_64;

pub use error::InstallError;
pub use fault::Pager;

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
    fault::set_pager(pager);
    // SAFETY: (1), (2) and (3) are ours.
    unsafe { machine::put_in_front() }
}
