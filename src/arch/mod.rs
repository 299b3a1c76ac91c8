// SPDX-License-Identifier: MIT OR Apache-2.0
//! The only place that knows the machine: each architecture defines the same names.
//!
//! - `raw`: the routines of `asm/<arch>`, all returning an [`Outcome`].
//! - `SENTINEL`, `SENTINEL_LANDING`: the entry that the self test looks up.
//! - `confine`: moves an address that failed its check to 0 without a branch.
//! - `USER_LIMIT`: the end of the user half unless the kernel sets another.
//! - `UNTRANSLATABLE`: the addresses that no page table can map.
//! - `CAUSE_REGISTER`: the register through which a landing learns its cause.
//! - `CPU_PATHS`: names of the sets of paths that the routines choose among by what the CPU has. For tests:
//!   `can_take` says whether this CPU can execute one, `force_cpu` makes the routines take it, `forget_cpu` lets
//!   them ask the CPU again.
//! - `linux`: what a signal handler needs from the machine (hosted builds).
//! - `vector`: the trap vector in front of the kernel's own (feature `vector`).

cfg_if::cfg_if! {
    if #[cfg(target_arch = "x86_64")] {
        mod x86_64;
        pub(crate) use x86_64::*;
    } else if #[cfg(target_arch = "aarch64")] {
        mod aarch64;
        pub(crate) use aarch64::*;
    } else if #[cfg(target_arch = "riscv64")] {
        mod riscv64;
        pub(crate) use riscv64::*;
    } else if #[cfg(target_arch = "loongarch64")] {
        mod loongarch64;
        pub(crate) use loongarch64::*;
    } else {
        compile_error!("axptr has no routines for this target_arch; start from asm/x86_64");
    }
}

/// The flags of an exception-table entry, as the assembly emits them.
pub(crate) mod entry_flags {
    /// The user side is read.
    pub(crate) const READ: u16 = 1;
    /// The user side is written.
    pub(crate) const WRITE: u16 = 2;
    /// The instruction touches kernel memory too: the access must be the user side's.
    pub(crate) const STRICT: u16 = 4;
    /// A fault goes straight to the landing, never to the pager.
    pub(crate) const NOFAULT: u16 = 8;
}

/// What a routine hands back in its two result registers.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct Outcome {
    /// Bytes not done.
    pub(crate) left: usize,
    /// 0, or what the trap handler wrote into the cause register.
    pub(crate) cause: usize,
}
