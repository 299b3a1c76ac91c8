// SPDX-License-Identifier: MIT OR Apache-2.0
//! A trap vector in front of the kernel's own (feature `vector`).
//!
//! For kernels only (`target_os = "none"`, or `--cfg axptr_kernel`): in a process there is `hosted`.
//!
//! It is for kernels whose fault handler gets no trap frame, so that it cannot resume at a landing. The published
//! ArceOS crates are such kernels. A kernel with its own trap handler calls [`trap::recover`](crate::trap::recover)
//! there instead.
//!
//! The vector takes faults in kernel mode whose instruction is in the exception table. It closes the window, restores
//! the interrupt state of the interrupted code, and asks the pager. If the pager says no, the frame resumes at the
//! landing. Everything else goes to the former handler, unchanged.
//!
//! On x86_64 the vector also closes the window before all other handlers, including interrupt handlers. So code that
//! interrupts a copy runs with the window closed, and so does a task that it switches to. This costs 3.3 KiB of code,
//! and 2 KiB of mutable statics for the former handlers. For the other machines see [`window`](crate::window).

//!
//! # What the integrator owes
//!
//! [`install`] refuses what it cannot serve and can see ([`InstallError`]). What it cannot see:
//!
//! | what | what the kernel does |
//! |---|---|
//! | a gate of x86_64 that is set later | install again: until then its handler may run with the window open |
//! | kernel page tables that user mode lacks (KPTI) | a gate's code runs before the kernel's handler changes the tables: keep section `.text.axptr_vector`, the statics of axptr's vector and the gates' table mapped in user mode, or call [`trap::recover`](crate::trap::recover) behind the change instead |
//! | a fault in an NMI, a machine check or a double fault | use the [no-fault](crate::nofault) forms there; the pager is never called for those |
//! | FRED, a shadow stack, PSTATE.UAO, an IST that is turned on later | do not, or call [`trap::recover`](crate::trap::recover) from then on |
//! | checked branch targets (IBT, BTI) | the vector's entries are marked, and the routines with `--cfg axptr_branch_targets`; the kernel's own handlers must be marked, too |
//! | floating-point registers on riscv64 and loongarch64 | the pager, and what it calls, do not use them, or save them |
//! | vector registers that the routines use on x86_64 (feature `vector-registers`) | for the pager nothing: the vector saves them, in 512 bytes of stack more; what else interrupts a copy, and copies too, saves them itself |
//! | values that the compiler keeps in NEON registers on aarch64 | nothing: the vector saves them if the kernel's target has them, in 528 bytes of stack more |
//! | stack | a fault takes a frame of at most 208 bytes, and what the pager needs, on the stack of the interrupted code |

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

/// Puts the vector in front of this CPU's fault handlers, and sets the pager of all CPUs.
///
/// Call it on each CPU, after the kernel has installed its own handlers. If CPUs share a table of handlers, the first
/// call changes the table, and the others find it changed.
///
/// # Errors
///
/// [`InstallError::NoHandler`] if this CPU has no former handler that the vector can pass on to.
/// [`InstallError::OtherHandler`] if its former handler is not that of the CPUs before.
/// Another [`InstallError`] if the vector cannot serve this kernel, or not in the CPU's present state. Each says what to
/// change. No handler is changed then, nor the pager.
///
/// # Safety
///
/// 1. The CPU runs in kernel mode, and its table of handlers is writable. During the first call, no other CPU takes a
///    fault or an interrupt through a shared table, or installs in it.
/// 2. Fault handlers are entered with interrupts off, and all handlers stay valid.
/// 3. What the compiler keeps in registers is saved. The vector saves the general registers, and on aarch64 those of NEON
///    if the kernel's target has them; the kernel has enabled them then (CPACR_EL1.FPEN). It saves no other floating-point
///    registers: on riscv64 and loongarch64, neither the pager nor what it calls uses them without saving them.
/// 4. On loongarch64, no other code keeps a value in CSR.SAVE7. The vector needs it to free its first register.
/// 5. On riscv64, `sscratch` is 0 in kernel mode and not 0 in user mode, as axcpu keeps it.
pub unsafe fn install(pager: Pager) -> Result<(), InstallError> {
    if cfg!(axptr_vector_registers = "unsaved") {
        return Err(InstallError::VectorRegisters);
    }
    // SAFETY: our caller guarantees (1) to (5).
    unsafe { machine::put_in_front(|| fault::set_pager(pager)) }
}

/// Whether the vector is in front of this CPU's fault handlers.
///
/// A CPU on which nobody has called [`install`] ends at its first bad pointer: ask on each, once it has come up. It reads the
/// CPU's registers and no variable, so it also sees that somebody has replaced the vector. Whether faults then really land,
/// [`trap::selftest`](crate::trap::selftest) finds out, also per CPU.
///
/// ```no_run
/// # fn on_each_cpu(check: fn()) {}
/// on_each_cpu(|| assert!(axptr::vector::is_in_front()));
/// ```
// One copy, in this crate: a kernel may name the vector's symbols itself, as something else than they are here.
#[inline(never)]
#[must_use]
pub fn is_in_front() -> bool {
    machine::is_in_front()
}
