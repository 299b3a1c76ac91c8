// SPDX-License-Identifier: MIT OR Apache-2.0
//! The only place that knows the machine: each architecture defines the same names.
//!
//! - `raw`: the routines of `asm/<arch>`, all returning an [`raw::Outcome`], each a second time with the suffix
//!   `_nofault`:
//!   - `__axptr_copy_from_user`, `__axptr_copy_to_user`, `__axptr_copy_in_user`, `__axptr_fill_user`;
//!   - `__axptr_copy_string(dst, src, max)`: copies bytes up to and including the first 0, `max` at most;
//!     `left` is `max` less the bytes copied. No byte of `dst` behind those is written. It may read the
//!     aligned word around a byte that it needs, and never a page in which it needs none. After a cause with
//!     bit 7 set it goes on bytewise;
//!   - `SENTINEL`, `SENTINEL_LANDING`: the entry that the self test looks up.
//! - `unpredictable::__axptr_copy_{from,to}_user_unpredictable`: the same copies for sizes that nobody foresees.
//! - `inline`: what is expanded where it is used. None of it checks, masks, or opens the window; see
//!   [`shape::InlineFlags`].
//! - `confine`: moves an address that failed its check to 0 without a branch.
//! - `USER_LIMIT`: the end of the user half unless the kernel sets another.
//! - `UNTRANSLATABLE`: the addresses that no page table can map.
//! - `CAUSE_REGISTER`: the register through which a landing learns its cause.
//! - `CPU_PATHS`: names of the sets of paths that the routines choose among by what the CPU has. For tests:
//!   `can_take` says whether this CPU can execute one, `force_cpu` makes the routines take it, `forget_cpu`
//!   lets them ask the CPU again.
//! - `window`: closes and opens the window at a task switch (kernels).
//!
//! What the machine says about a fault is read above, in `recovery`: a file for each machine in `syndrome`, `vector`
//! and `hosted/frame`, which [`machine_file`] chooses.

pub(crate) mod entry;
pub(crate) mod hidden;
pub(crate) mod raw;
#[macro_use]
pub(crate) mod shape;

cfg_if::cfg_if! {
    if #[cfg(target_arch = "x86_64")] {
        mod x86_64;
        pub(crate) use x86_64::*;
    } else if #[cfg(target_arch = "aarch64")] {
        mod aarch64;
        pub(crate) use aarch64::*;
    } else if #[cfg(target_arch = "riscv64")] {
        mod part;
        mod riscv64;
        pub(crate) use riscv64::*;
    } else if #[cfg(target_arch = "loongarch64")] {
        mod loongarch64;
        mod part;
        pub(crate) use loongarch64::*;
    } else {
        compile_error!("axptr has no routines for this target_arch; start from asm/x86_64");
    }
}

// For what reads the machine's fault codes and frames.
#[cfg(any(target_os = "linux", feature = "vector"))]
mod machine_file;
#[cfg(any(target_os = "linux", feature = "vector"))]
pub(crate) use machine_file::machine_file;
