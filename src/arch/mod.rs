// SPDX-License-Identifier: MIT OR Apache-2.0
//! The only place that knows the machine: each architecture defines the same names.
//!
//! - `raw`: the routines of `asm/<arch>`, all returning an [`Outcome`], each a second time with the suffix
//!   `_nofault`:
//!   - `__axptr_copy_from_user`, `__axptr_copy_to_user`, `__axptr_copy_in_user`, `__axptr_fill_user`;
//!   - `__axptr_copy_string(dst, src, max)`: copies bytes up to and including the first 0, `max` at most;
//!     `left` is `max` less the bytes copied. No byte of `dst` behind those is written. It may read the
//!     aligned word around a byte that it needs, and never a page in which it needs none. After a cause with
//!     bit 7 set it goes on bytewise.
//! - `raw::__axptr_copy_{from,to}_user_unpredictable`: the same copies for sizes that nobody foresees.
//! - `inline`: what is expanded where it is used. None of it checks, masks, or opens the window; see
//!   [`InlineFlags`].
//! - `SENTINEL`, `SENTINEL_LANDING`: the entry that the self test looks up.
//! - `confine`: moves an address that failed its check to 0 without a branch.
//! - `USER_LIMIT`: the end of the user half unless the kernel sets another.
//! - `UNTRANSLATABLE`: the addresses that no page table can map.
//! - `CAUSE_REGISTER`: the register through which a landing learns its cause.
//! - `CPU_PATHS`: names of the sets of paths that the routines choose among by what the CPU has. For tests:
//!   `can_take` says whether this CPU can execute one, `force_cpu` makes the routines take it, `forget_cpu`
//!   lets them ask the CPU again.
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

/// The same value, of which the compiler does not know that it is the same.
#[inline(always)]
pub(crate) fn hide(value: usize) -> usize {
    let mut hidden = value;
    // SAFETY: no instruction.
    unsafe {
        core::arch::asm!("/* {0} */", inout(reg) hidden, options(pure, nomem, nostack, preserves_flags));
    }
    hidden
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
    /// The compiler has put the instruction where it is used; it is not one of a routine's.
    pub(crate) const INLINED: u16 = 16;
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

/// What `inline` consists of, the same on each machine.
///
/// `SIZE` is 1, 2, 4 or 8 bytes. Values travel in the low `SIZE` bytes of a `u64`; what stands above them, in
/// an argument or in a result, is arbitrary. All functions are `#[inline(always)]`; each instruction that may
/// fault has its entry, by `crate::__ex_entry!(.., "{flags}")` with the operand `flags = const F::FLAGS |
/// READ` or the like. None of them checks or masks an address, and only `open_window` opens the window.
///
/// A **status** of 0 is success. Else it is what the trap handler wrote into `CAUSE_REGISTER`: the function
/// presets that to [`UNTOLD`] and clears it behind its last access, just in front of the landing. So a
/// handler that can only set the program counter leaves `UNTOLD`. Atomics may answer [`RETRY`] as well.
///
/// - `Window: Copy`, `open_window() -> Window`, `close_window(Window)`: as the macros of `asm/<arch>` do;
///   nothing in a Linux process. Atomics, and `load` and `store` where `VALUES_NEED_WINDOW: bool`, are called
///   inside. (It is false where there are unprivileged loads and stores.)
/// - `load<SIZE, F>(addr) -> (u64, status)`: one instruction if `addr` is aligned. If it is not, it may fault for
///   that, with a cause that has bit 7 set, or cross a page.
/// - `store<SIZE, F>(addr, value) -> status`: one instruction. `addr` is aligned to `SIZE` unless
///   `STORES_WORDS_ANYWHERE: bool`: where that is false, a store in two pages may leave its second half behind
///   although the first faults. So a store that faults has stored nothing.
/// - `load_two<F>(addr) -> ([u64; 2], status)`, `load_four`, `store_two<F>(addr, [u64; 2]) -> status`, `store_four`:
///   as many words, in ascending order. `addr` is aligned to 8 unless `LOADS_WORDS_ANYWHERE: bool`, or
///   `STORES_WORDS_ANYWHERE`. Words in front of the one that faults have been stored: their bytes, shifted by
///   [`STORED`], are added to the status on the way from the landing, whether it was told a cause or not. (On x86_64
///   and aarch64 that way lies behind the function, out of the success's. Where a function is so long that the entry
///   does not reach it, 32 KiB, the status says 0: then those words are stored again.)
/// - `load_kernel<SIZE, F>(addr) -> (u64, status)`: the same with the kernel's own rights and `addr` aligned;
///   no window.
/// - `rmw<SIZE, OP, F>(addr, operand) -> (u64, status)`: puts `OP` of the value and the operand in the
///   value's place and returns what it was; `OP` is one of [`rmw_op`].
/// - `compare_exchange<SIZE, F>(addr, expected, new) -> (u64, status)`: puts `new` in the value's place if
///   that is `expected`, and returns what it was, which tells whether it has.
///
/// Both atomics get `addr` aligned, are indivisible and sequentially consistent, answer `RETRY` if others
/// were in the way [`ATOMIC_TRIES`] times, and leave no reservation behind on any path. Entries of
/// instructions that only read say so.
pub trait InlineFlags: Copy + 'static {
    /// What the entries of an inlined access say besides the access: [`entry_flags::INLINED`], and
    /// [`entry_flags::NOFAULT`] or not.
    const FLAGS: u16;
}

/// The status of an inlined access whose landing was not told a cause: `Cause` knows it as "unknown".
pub(crate) const UNTOLD: usize = 1 << 16;

/// Where a status says how many bytes have been stored in front of the access that faulted: `Cause` looks at lower bits.
pub(crate) const STORED: u32 = 24;

/// The status of an atomic that others were in the way of.
pub(crate) const RETRY: usize = 1;

/// How often an atomic tries.
pub(crate) const ATOMIC_TRIES: u32 = 128;

/// What `rmw` does.
pub(crate) mod rmw_op {
    /// Replaces.
    pub(crate) const SWAP: u8 = 0;
    /// Adds, wrapping.
    pub(crate) const ADD: u8 = 1;
    /// And.
    pub(crate) const AND: u8 = 2;
    /// Or.
    pub(crate) const OR: u8 = 3;
    /// Exclusive or.
    pub(crate) const XOR: u8 = 4;
}
