// SPDX-License-Identifier: MIT OR Apache-2.0
//! The only place that knows the machine. Each architecture defines the same names:
//!
//! - `raw`: the routines of `asm/<arch>`. Each returns a [`raw::Outcome`], and exists a second time with the suffix
//!   `_nofault`:
//!   - `__axptr_copy_from_user`, `__axptr_copy_to_user`, `__axptr_copy_in_user`, `__axptr_fill_user`;
//!   - `__axptr_copy_string(dst, src, max)`: copies bytes up to and including the first 0, `max` at most. `left` is
//!     `max` minus the bytes copied. It writes no byte of `dst` after those. It may read the aligned word around a byte
//!     (with vector registers the aligned block of 64 or 128 bytes) that it needs, but never a page in which it needs
//!     no byte. After a cause with bit 7 set it goes on bytewise;
//!   - `SENTINEL`, `SENTINEL_LANDING`: the entry that the self test looks up.
//! - `STRING_LENGTH`: the routine that counts a string's bytes without a copy, if there is one; see
//!   [`raw::CountString`].
//! - `unpredictable::__axptr_copy_{from,to}_user_unpredictable`: the same copies, for sizes that a branch predictor
//!   cannot foresee.
//! - `inline`: the accesses that the compiler inlines. They do not check or mask addresses, and only `open_window`
//!   opens the window; see [`shape::InlineFlags`].
//! - `confine`: replaces an address that failed its check by 0, without a branch.
//! - `USER_LIMIT`: the end of the user half, unless the kernel sets another.
//! - `address_bits`: how many low bits of an address say where it is. No page table maps an address that is not their
//!   sign extension.
//! - `can_translate`: whether no other fault than a page's can come of an address. Asked where only those are recovered.
//! - `TOP_BIT_IS_TAG`: whether the topmost bit of an address belongs to the tag, where user space may have one.
//! - `CAUSE_REGISTER`: the register through which a landing gets its cause.
//! - `CPU_PATHS`: for tests, the names of the paths among which the routines choose by what the CPU has. `can_take`
//!   says whether this CPU can execute a path, `force_cpu` makes the routines take it, `forget_cpu` lets them ask the
//!   CPU again.
//! - `vector_registers_are_on`: whether the CPU executes the routines of a kernel with the feature `vector-registers`.
//! - `window`: closes and opens the window at a task switch (kernels).
//! - `weak_address`: the address of a symbol that need not be there (processes).
//! - `rehearse`: faults with known registers, for the self test of a trap handler; see [`operation`].
//!
//! `recovery` reads what the machine reports about a fault. It has a file for each machine in `syndrome`, `vector` and
//! `hosted/frame`, which [`machine_file`] chooses.

pub(crate) mod ax_cpu;
pub(crate) mod entry;
pub(crate) mod hidden;
pub(crate) mod operation;
#[macro_use]
pub(crate) mod raw;
pub(crate) mod width;
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

const _: () = assert!(entry::NOFAULT == 8, "the text of `ax_cpu` has the number");

// For what reads the machine's fault codes and frames.
#[cfg(any(axptr_home = "process", feature = "vector"))]
mod machine_file;
#[cfg(any(axptr_home = "process", feature = "vector"))]
pub(crate) use machine_file::machine_file;
