// SPDX-License-Identifier: MIT OR Apache-2.0
//! The routines without any check: they take addresses, and return the number of bytes left and the cause.
//!
//! The typed API proves first that a range lies in the user half. Call these functions only if you know that by other
//! means. They promise three things:
//!
//! - They work in ascending order. So a fault leaves an exact prefix done, and no byte after it is touched.
//! - Length 0 touches nothing.
//! - Only the user side of a copy is recoverable. A fault on the kernel side has no landing: it is a kernel bug.
//!
//! ```
//! # unsafe { axptr::hosted::install() }.unwrap();
//! # let page = unsafe { libc::mmap(core::ptr::null_mut(), 8192, 3, 0x22, -1, 0) }.addr();
//! # unsafe { libc::munmap(core::ptr::without_provenance_mut(page + 4096), 4096) };
//! use axptr::{FaultKind, raw};
//!
//! let mut bytes = [1; 8];
//! // SAFETY: (1) the array has 8 bytes; (2) `page` is user memory.
//! let outcome = unsafe { raw::copy_from_user(bytes.as_mut_ptr(), page + 4091, 8) };
//! assert_eq!((outcome.left(), outcome.kind()), (3, FaultKind::NotPresent));
//! assert_eq!(bytes, [0, 0, 0, 0, 0, 1, 1, 1]);
//! // SAFETY: (1) `page` is user memory.
//! let outcome = unsafe { raw::nofault::fill_user(page, 0xff, 4096) };
//! assert_eq!(outcome.left(), 0);
//! ```

use crate::{
    arch::raw,
    extable::cause::{Access, Cause, FaultKind},
    recovery::flag,
};

/// How far an operation came, and what stopped it.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct Outcome {
    left: usize,
    cause: Cause,
}

impl Outcome {
    /// Returns the number of bytes that were *not* done: 0 is success.
    #[inline]
    pub const fn left(&self) -> usize {
        self.left
    }

    /// Returns what stopped the operation. This has no meaning if no byte is left.
    #[inline]
    pub const fn kind(&self) -> FaultKind {
        self.cause.kind()
    }

    /// Returns whether a read or a write failed, if the trap handler or the instruction told it.
    #[inline]
    pub const fn access(&self) -> Option<Access> {
        self.cause.access()
    }
}

impl From<raw::Outcome> for Outcome {
    #[inline]
    fn from(registers: raw::Outcome) -> Self {
        Self { left: registers.left, cause: Cause::from_register(registers.cause) }
    }
}

/// Copies `len` bytes from user address `src` to kernel memory at `dst`.
///
/// # Safety
///
/// 1. `dst` is valid for writes of `len` bytes.
/// 2. `src..src + len` holds no kernel memory: it is in the user half, or cannot be translated.
#[inline]
pub unsafe fn copy_from_user(dst: *mut u8, src: usize, len: usize) -> Outcome {
    let _accessing = flag::enter();
    // SAFETY: (1) covers every store; (2) makes each load a user access, whose fault has a landing.
    unsafe { raw::__axptr_copy_from_user(dst, src, len) }.into()
}

/// Copies `len` bytes from kernel memory at `src` to user address `dst`.
///
/// # Safety
///
/// 1. `src` is valid for reads of `len` bytes, all initialised.
/// 2. `dst..dst + len` holds no kernel memory: it is in the user half, or cannot be translated.
#[inline]
pub unsafe fn copy_to_user(dst: usize, src: *const u8, len: usize) -> Outcome {
    let _accessing = flag::enter();
    // SAFETY: (1) covers every load; (2) makes each store a user access, whose fault has a landing.
    unsafe { raw::__axptr_copy_to_user(dst, src, len) }.into()
}

/// Copies `len` bytes from user address `src` to user address `dst`.
///
/// This is not `memmove`: if the ranges overlap, it ends and stays inside both, but the bytes of `dst` are
/// unspecified.
///
/// # Safety
///
/// 1. Neither `src..src + len` nor `dst..dst + len` holds kernel memory.
#[inline]
pub unsafe fn copy_in_user(dst: usize, src: usize, len: usize) -> Outcome {
    let _accessing = flag::enter();
    // SAFETY: (1) makes each load and store a user access, whose fault has a landing.
    unsafe { raw::__axptr_copy_in_user(dst, src, len) }.into()
}

/// Fills `len` bytes at user address `dst` with `byte`.
///
/// # Safety
///
/// 1. `dst..dst + len` holds no kernel memory.
#[inline]
pub unsafe fn fill_user(dst: usize, byte: u8, len: usize) -> Outcome {
    let _accessing = flag::enter();
    // SAFETY: (1) makes each store a user access, whose fault has a landing.
    unsafe { raw::__axptr_fill_user(dst, byte, len) }.into()
}

/// Copies a string from user address `src` to kernel memory at `dst`: all bytes up to and including the first 0, but
/// at most `max`.
///
/// The outcome's `left` is `max` minus the number of bytes copied. There are three cases:
///
/// - The last byte copied is 0: the string ended there.
/// - Else, if nothing is left, the string is longer than `max` bytes, with its terminator.
/// - Else, a byte could not be read.
///
/// It writes no byte of `dst` after those that it copied. It touches no page in which it needs no byte. (It may read
/// the aligned word around a byte that it needs.)
///
/// # Safety
///
/// 1. `dst` is valid for writes of `max` bytes.
/// 2. `src..src + max` holds no kernel memory.
#[inline]
pub unsafe fn copy_string(dst: *mut u8, src: usize, max: usize) -> Outcome {
    let _accessing = flag::enter();
    // SAFETY: (1) covers every store; (2) makes each load a user access, whose fault has a landing.
    unsafe { raw::__axptr_copy_string(dst, src, max) }.into()
}

/// The same routines, for sizes that vary from call to call without a pattern.
pub mod unpredictable {
    use super::Outcome;
    use crate::{arch::unpredictable, recovery::flag};

    /// Does [`super::copy_from_user`], for unpredictable sizes.
    ///
    /// # Safety
    ///
    /// The conditions of [`super::copy_from_user`].
    #[inline]
    pub unsafe fn copy_from_user(dst: *mut u8, src: usize, len: usize) -> Outcome {
        let _accessing = flag::enter();
        // SAFETY: (1) covers every store; (2) makes each load a user access, whose fault has a landing.
        unsafe { unpredictable::__axptr_copy_from_user_unpredictable(dst, src, len) }.into()
    }

    /// Does [`super::copy_to_user`], for unpredictable sizes.
    ///
    /// # Safety
    ///
    /// The conditions of [`super::copy_to_user`].
    #[inline]
    pub unsafe fn copy_to_user(dst: usize, src: *const u8, len: usize) -> Outcome {
        let _accessing = flag::enter();
        // SAFETY: (1) covers every load; (2) makes each store a user access, whose fault has a landing.
        unsafe { unpredictable::__axptr_copy_to_user_unpredictable(dst, src, len) }.into()
    }
}

/// The same routines, for code in which the pager must not run: interrupts, spinlocks, NMI context, the address
/// space's own lock. A page that is not present is a fault at once.
///
/// The program counter alone decides this. So it holds across task switches.
pub mod nofault {
    use super::Outcome;
    use crate::{arch::raw, recovery::flag};

    /// Does [`super::copy_from_user`] without the pager.
    ///
    /// # Safety
    ///
    /// The conditions of [`super::copy_from_user`].
    #[inline]
    pub unsafe fn copy_from_user(dst: *mut u8, src: usize, len: usize) -> Outcome {
        let _accessing = flag::enter();
        // SAFETY: (1) covers every store; (2) makes each load a user access, whose fault has a landing.
        unsafe { raw::__axptr_copy_from_user_nofault(dst, src, len) }.into()
    }

    /// Does [`super::copy_to_user`] without the pager.
    ///
    /// # Safety
    ///
    /// The conditions of [`super::copy_to_user`].
    #[inline]
    pub unsafe fn copy_to_user(dst: usize, src: *const u8, len: usize) -> Outcome {
        let _accessing = flag::enter();
        // SAFETY: (1) covers every load; (2) makes each store a user access, whose fault has a landing.
        unsafe { raw::__axptr_copy_to_user_nofault(dst, src, len) }.into()
    }

    /// Does [`super::copy_in_user`] without the pager.
    ///
    /// # Safety
    ///
    /// The conditions of [`super::copy_in_user`].
    #[inline]
    pub unsafe fn copy_in_user(dst: usize, src: usize, len: usize) -> Outcome {
        let _accessing = flag::enter();
        // SAFETY: (1) makes each load and store a user access, whose fault has a landing.
        unsafe { raw::__axptr_copy_in_user_nofault(dst, src, len) }.into()
    }

    /// Does [`super::fill_user`] without the pager.
    ///
    /// # Safety
    ///
    /// The conditions of [`super::fill_user`].
    #[inline]
    pub unsafe fn fill_user(dst: usize, byte: u8, len: usize) -> Outcome {
        let _accessing = flag::enter();
        // SAFETY: (1) makes each store a user access, whose fault has a landing.
        unsafe { raw::__axptr_fill_user_nofault(dst, byte, len) }.into()
    }

    /// Does [`super::copy_string`] without the pager.
    ///
    /// # Safety
    ///
    /// The conditions of [`super::copy_string`].
    #[inline]
    pub unsafe fn copy_string(dst: *mut u8, src: usize, max: usize) -> Outcome {
        let _accessing = flag::enter();
        // SAFETY: (1) covers every store; (2) makes each load a user access, whose fault has a landing.
        unsafe { raw::__axptr_copy_string_nofault(dst, src, max) }.into()
    }
}
