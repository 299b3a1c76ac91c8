// SPDX-License-Identifier: MIT OR Apache-2.0
//! The routines as they are: addresses in, bytes left and the cause out.
//!
//! Nothing is checked here. The typed API proves first that a range lies in the user half; call these
//! only where that is known by other means. All of them do their bytes in ascending order, so that a fault
//! leaves an exact prefix done and not one byte behind it touched (contract C3, C4); length 0 touches
//! nothing (C5). A fault on the kernel side of a copy has no landing: it is a bug of the kernel (C6).
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
//! // SAFETY: (1) as above.
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
    /// Bytes that were *not* done: 0 is success.
    #[inline]
    pub const fn left(&self) -> usize {
        self.left
    }

    /// What stopped it; meaningless if nothing is left.
    #[inline]
    pub const fn kind(&self) -> FaultKind {
        self.cause.kind()
    }

    /// The access that failed, if the trap handler or the instruction told.
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
    // SAFETY: (1) covers every store; (2) makes every load one of user memory, recoverable.
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
    // SAFETY: (1) covers every load; (2) makes every store one to user memory, recoverable.
    unsafe { raw::__axptr_copy_to_user(dst, src, len) }.into()
}

/// Copies `len` bytes from user address `src` to user address `dst`.
///
/// This is not `memmove`: if the ranges overlap, it ends and stays inside both, and the bytes of `dst` are
/// unspecified.
///
/// # Safety
///
/// 1. Neither `src..src + len` nor `dst..dst + len` holds kernel memory.
#[inline]
pub unsafe fn copy_in_user(dst: usize, src: usize, len: usize) -> Outcome {
    let _accessing = flag::enter();
    // SAFETY: (1) makes every load and every store one of user memory, recoverable.
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
    // SAFETY: (1) makes every store one to user memory, recoverable.
    unsafe { raw::__axptr_fill_user(dst, byte, len) }.into()
}

/// Copies bytes from user address `src` to kernel memory at `dst`, up to and including the first 0, `max` at most.
///
/// What is left is `max` less the bytes copied. If the last byte copied is 0, the string has ended there; else, if
/// nothing is left, it is longer; else a byte could not be read. No byte of `dst` behind those copied is written, and no
/// page is touched in which no byte is needed. (It may read the aligned word around a byte that is.)
///
/// # Safety
///
/// 1. `dst` is valid for writes of `max` bytes.
/// 2. `src..src + max` holds no kernel memory.
#[inline]
pub unsafe fn copy_string(dst: *mut u8, src: usize, max: usize) -> Outcome {
    let _accessing = flag::enter();
    // SAFETY: (1) covers every store; (2) makes every load one of user memory, recoverable.
    unsafe { raw::__axptr_copy_string(dst, src, max) }.into()
}

/// The same routines for sizes that differ from call to call in no order.
pub mod unpredictable {
    use super::Outcome;
    use crate::{arch::unpredictable, recovery::flag};

    /// [`super::copy_from_user`] for unpredictable sizes.
    ///
    /// # Safety
    ///
    /// As [`super::copy_from_user`].
    #[inline]
    pub unsafe fn copy_from_user(dst: *mut u8, src: usize, len: usize) -> Outcome {
        let _accessing = flag::enter();
        // SAFETY: (1) covers every store; (2) makes every load one of user memory, recoverable.
        unsafe { unpredictable::__axptr_copy_from_user_unpredictable(dst, src, len) }.into()
    }

    /// [`super::copy_to_user`] for unpredictable sizes.
    ///
    /// # Safety
    ///
    /// As [`super::copy_to_user`].
    #[inline]
    pub unsafe fn copy_to_user(dst: usize, src: *const u8, len: usize) -> Outcome {
        let _accessing = flag::enter();
        // SAFETY: (1) covers every load; (2) makes every store one to user memory, recoverable.
        unsafe { unpredictable::__axptr_copy_to_user_unpredictable(dst, src, len) }.into()
    }
}

/// The same routines for contexts in which the pager must not run: interrupts, spinlocks, NMI, the address
/// space's own lock. What is not present is a fault at once.
///
/// The decision needs the program counter only, so it holds across task switches by construction.
pub mod nofault {
    use super::Outcome;
    use crate::{arch::raw, recovery::flag};

    /// [`super::copy_from_user`] without the pager.
    ///
    /// # Safety
    ///
    /// As [`super::copy_from_user`].
    #[inline]
    pub unsafe fn copy_from_user(dst: *mut u8, src: usize, len: usize) -> Outcome {
        let _accessing = flag::enter();
        // SAFETY: (1) covers every store; (2) makes every load one of user memory, recoverable.
        unsafe { raw::__axptr_copy_from_user_nofault(dst, src, len) }.into()
    }

    /// [`super::copy_to_user`] without the pager.
    ///
    /// # Safety
    ///
    /// As [`super::copy_to_user`].
    #[inline]
    pub unsafe fn copy_to_user(dst: usize, src: *const u8, len: usize) -> Outcome {
        let _accessing = flag::enter();
        // SAFETY: (1) covers every load; (2) makes every store one to user memory, recoverable.
        unsafe { raw::__axptr_copy_to_user_nofault(dst, src, len) }.into()
    }

    /// [`super::copy_in_user`] without the pager.
    ///
    /// # Safety
    ///
    /// As [`super::copy_in_user`].
    #[inline]
    pub unsafe fn copy_in_user(dst: usize, src: usize, len: usize) -> Outcome {
        let _accessing = flag::enter();
        // SAFETY: (1) makes every load and every store one of user memory, recoverable.
        unsafe { raw::__axptr_copy_in_user_nofault(dst, src, len) }.into()
    }

    /// [`super::fill_user`] without the pager.
    ///
    /// # Safety
    ///
    /// As [`super::fill_user`].
    #[inline]
    pub unsafe fn fill_user(dst: usize, byte: u8, len: usize) -> Outcome {
        let _accessing = flag::enter();
        // SAFETY: (1) makes every store one to user memory, recoverable.
        unsafe { raw::__axptr_fill_user_nofault(dst, byte, len) }.into()
    }

    /// [`super::copy_string`] without the pager.
    ///
    /// # Safety
    ///
    /// As [`super::copy_string`].
    #[inline]
    pub unsafe fn copy_string(dst: *mut u8, src: usize, max: usize) -> Outcome {
        let _accessing = flag::enter();
        // SAFETY: (1) covers every store; (2) makes every load one of user memory, recoverable.
        unsafe { raw::__axptr_copy_string_nofault(dst, src, max) }.into()
    }
}
