// SPDX-License-Identifier: MIT OR Apache-2.0
//! The routines and single values without any check: they take addresses or pointers, and return the number of bytes
//! left and the cause.
//!
//! The typed API proves first that a range lies in the user half. Call these functions only if you know that by other
//! means. They promise three things:
//!
//! - They work in ascending order. So a fault leaves an exact prefix done, and no byte after it is touched.
//! - Length 0 touches nothing.
//! - Only the user side of a copy is recoverable. A fault on the kernel side has no landing: it is a kernel bug.
//!
//! With the feature `ax-cpu`, ax-cpu asks its tables for page faults only. On x86_64 and loongarch64 an address that no page table
//! can map raises another fault, which ends the kernel. There a caller refuses such an address itself.
//!
//! User memory is an address or a pointer: [`Source`], [`Destination`]. A pointer keeps its provenance. So a program
//! that maps memory by itself, such as a guest's, need not expose it.
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

use core::sync::atomic::Ordering;

use crate::{
    access::{atomic::AtomicError, bare},
    arch::raw,
    recovery::flag,
};

pub use crate::access::{
    outcome::Outcome,
    place::{Destination, Source},
};

/// Copies `len` bytes from user address `src` to kernel memory at `dst`.
///
/// # Safety
///
/// 1. `dst` is valid for writes of `len` bytes.
/// 2. `src..src + len` holds no kernel memory: it is in the user half, or cannot be translated.
#[inline]
pub unsafe fn copy_from_user(dst: *mut u8, src: impl Source, len: usize) -> Outcome {
    let _accessing = flag::enter();
    // SAFETY: (1) covers every store; (2) makes each load a user access, whose fault has a landing.
    unsafe { raw::__axptr_copy_from_user(dst, src.start(), len) }.into()
}

/// Copies `len` bytes from kernel memory at `src` to user address `dst`.
///
/// # Safety
///
/// 1. `src` is valid for reads of `len` bytes, all initialised.
/// 2. `dst..dst + len` holds no kernel memory: it is in the user half, or cannot be translated.
#[inline]
pub unsafe fn copy_to_user(dst: impl Destination, src: *const u8, len: usize) -> Outcome {
    let _accessing = flag::enter();
    // SAFETY: (1) covers every load; (2) makes each store a user access, whose fault has a landing.
    unsafe { raw::__axptr_copy_to_user(dst.start(), src, len) }.into()
}

/// Copies `len` bytes from user address `src` to user address `dst`.
///
/// This is not `memmove`, as [`move_in_user`] is: if the ranges overlap, it ends and stays inside both, but the bytes of
/// `dst` are unspecified.
///
/// # Safety
///
/// 1. Neither `src..src + len` nor `dst..dst + len` holds kernel memory.
#[inline]
pub unsafe fn copy_in_user(dst: impl Destination, src: impl Source, len: usize) -> Outcome {
    let _accessing = flag::enter();
    // SAFETY: (1) makes each load and store a user access, whose fault has a landing.
    unsafe { raw::__axptr_copy_in_user(dst.start(), src.start(), len) }.into()
}

/// Copies `len` bytes from user address `src` to user address `dst`. The ranges may overlap: it is `memmove`.
///
/// A fault leaves a prefix moved. What holds if a page goes away meanwhile stands at
/// [`move_in_user`](crate::move_in_user).
///
/// # Safety
///
/// 1. Neither `src..src + len` nor `dst..dst + len` holds kernel memory.
///
/// ```
/// # unsafe { axptr::hosted::install() }.unwrap();
/// # let page = unsafe { libc::mmap(core::ptr::null_mut(), 8192, 3, 0x22, -1, 0) }.cast::<u8>();
/// # unsafe { libc::munmap(page.add(4096).cast(), 4096) };
/// use axptr::raw;
///
/// // SAFETY: (1) the slice; (2) the page is user memory.
/// assert_eq!(unsafe { raw::copy_to_user(page, b"0123456789".as_ptr(), 10) }.left(), 0);
/// // SAFETY: (1) the page is user memory.
/// assert_eq!(unsafe { raw::move_in_user(page.wrapping_add(2), page, 8) }.left(), 0);
/// // SAFETY: (1) the page is user memory; (2) any bytes are such an array.
/// assert_eq!(unsafe { raw::load(page.cast::<[u8; 10]>()) }.ok(), Some(*b"0101234567"));
/// ```
#[inline]
pub unsafe fn move_in_user(dst: impl Destination, src: impl Source, len: usize) -> Outcome {
    // SAFETY: ours.
    unsafe { bare::move_bytes::<bare::Waiting>(dst.start(), src.start(), len) }
}

/// Fills `len` bytes at user address `dst` with `byte`.
///
/// # Safety
///
/// 1. `dst..dst + len` holds no kernel memory.
#[inline]
pub unsafe fn fill_user(dst: impl Destination, byte: u8, len: usize) -> Outcome {
    let _accessing = flag::enter();
    // SAFETY: (1) makes each store a user access, whose fault has a landing.
    unsafe { raw::__axptr_fill_user(dst.start(), byte, len) }.into()
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
/// the aligned word around a byte that it needs. Where it uses vector registers, which are those of a process or the feature
/// `vector-registers`, these are the aligned 64 bytes on x86_64, and 16 on aarch64.)
///
/// # Safety
///
/// 1. `dst` is valid for writes of `max` bytes.
/// 2. `src..src + max` holds no kernel memory.
#[inline]
pub unsafe fn copy_string(dst: *mut u8, src: impl Source, max: usize) -> Outcome {
    let _accessing = flag::enter();
    // SAFETY: (1) covers every store; (2) makes each load a user access, whose fault has a landing.
    unsafe { raw::__axptr_copy_string(dst, src.start(), max) }.into()
}

/// Loads a value from user memory.
///
/// A value of 1, 2, 4 or 8 bytes is one instruction, which the compiler puts where you call. (In a kernel, the window is
/// opened and closed around it. Under [`window::open`](crate::window::open) it stays open.) If `src` is aligned to that
/// size, it is one access: no other CPU's write tears the value. An address that is not aligned will do, too. A value of
/// another size goes by [`copy_from_user`].
///
/// Nothing checks the address or the type. [`UserConstPtr::read`](crate::UserConstPtr::read) does both.
///
/// # Errors
///
/// Fails if a byte is not readable. The outcome's `left` counts the bytes from the first such byte on.
///
/// # Safety
///
/// 1. The `size_of::<T>()` bytes at `src` hold no kernel memory: they are in the user half, or cannot be translated.
/// 2. They are a valid `T`, whatever anybody may have written there. (Types that are
///    [`AnyBitPattern`](crate::AnyBitPattern) always are.)
///
/// ```
/// # unsafe { axptr::hosted::install() }.unwrap();
/// # let page = unsafe { libc::mmap(core::ptr::null_mut(), 8192, 3, 0x22, -1, 0) }.cast::<u8>();
/// # unsafe { libc::munmap(page.add(4096).cast(), 4096) };
/// use axptr::{FaultKind, raw};
///
/// /// Reads a little-endian number of a guest, whose memory may go away at any time.
/// fn read_number(guest: *const u8) -> Result<u32, raw::Outcome> {
///     // SAFETY: (1) it is the guest's memory; (2) any bytes are numbers.
///     unsafe { raw::load(guest.cast::<u32>()) }.map(u32::from_le)
/// }
///
/// // SAFETY: (1) the page is the guest's; (2) a number has no padding.
/// unsafe { raw::store(page.cast::<u32>(), 7) }.unwrap();
/// assert_eq!(read_number(page).unwrap(), 7);
/// // Only 3 of these 4 bytes are there.
/// let outcome = read_number(page.wrapping_add(4093)).unwrap_err();
/// assert_eq!((outcome.left(), outcome.kind()), (1, FaultKind::NotPresent));
/// ```
#[inline(always)]
pub unsafe fn load<T>(src: *const T) -> Result<T, Outcome> {
    // SAFETY: ours.
    unsafe { bare::load::<T, bare::Waiting>(src) }
}

/// Stores a value to user memory.
///
/// A value of 1, 2, 4 or 8 bytes at an aligned address is one instruction, as with [`load`]: no other CPU sees half of
/// it. A value of another size, and on some machines one that is not aligned, goes by [`copy_to_user`].
///
/// Nothing checks the address or the type. [`UserPtr::write`](crate::UserPtr::write) does both.
///
/// # Errors
///
/// Fails if a byte is not writable. The outcome's `left` counts the bytes from the first such byte on. Those before it
/// have been written.
///
/// # Safety
///
/// 1. The `size_of::<T>()` bytes at `dst` hold no kernel memory: they are in the user half, or cannot be translated.
/// 2. No byte of `value` is uninitialised, such as padding is. (Types that are [`NoUninit`](crate::NoUninit) have no
///    such byte.)
#[inline(always)]
pub unsafe fn store<T>(dst: *mut T, value: T) -> Result<(), Outcome> {
    // SAFETY: ours.
    unsafe { bare::store::<T, bare::Waiting>(dst, value) }
}

/// Loads a value of 1, 2, 4 or 8 bytes from user memory, in an ordering: relaxed, acquire or sequentially consistent.
///
/// It is [`load`] with the barriers that the machine needs. (The other atomics, with a check of the address:
/// [`UserPtr::atomic`](crate::UserPtr::atomic).) A `T` of another size does not compile.
///
/// # Errors
///
/// Returns [`AtomicError::Misaligned`] if the address is not a multiple of the size, [`AtomicError::Ordering`] if the
/// ordering releases, and [`AtomicError::Fault`] if the value is not readable.
///
/// # Safety
///
/// The conditions of [`load`].
///
/// ```
/// # unsafe { axptr::hosted::install() }.unwrap();
/// # let page = unsafe { libc::mmap(core::ptr::null_mut(), 8192, 3, 0x22, -1, 0) }.cast::<u32>();
/// # unsafe { libc::munmap(page.add(1024).cast(), 4096) };
/// use axptr::{atomic::AtomicError, raw};
/// use core::sync::atomic::Ordering;
///
/// // SAFETY: (1) the page is the guest's; (2) a number has no padding.
/// unsafe { raw::atomic_store(page, 7, Ordering::SeqCst) }?;
/// // SAFETY: (1) the page is the guest's; (2) any bytes are numbers.
/// assert_eq!(unsafe { raw::atomic_load(page, Ordering::Acquire) }?, 7);
/// // SAFETY: (1) nothing is there.
/// let absent = unsafe { raw::atomic_load(page.wrapping_add(1024), Ordering::Acquire) };
/// assert!(matches!(absent, Err(AtomicError::Fault(fault)) if fault.done == 0));
/// # Ok::<(), AtomicError>(())
/// ```
#[inline(always)]
pub unsafe fn atomic_load<T>(src: *const T, order: Ordering) -> Result<T, AtomicError> {
    // SAFETY: ours.
    unsafe { bare::atomic_load::<T, bare::Waiting>(src, order) }
}

/// Stores a value of 1, 2, 4 or 8 bytes to user memory, in an ordering: relaxed, release or sequentially consistent.
///
/// A sequentially consistent store does not read: it is [`store`] with a barrier behind it. A `T` of another size does
/// not compile.
///
/// # Errors
///
/// Fails as [`atomic_load`] does: with [`AtomicError::Ordering`] if the ordering acquires, with
/// [`AtomicError::Fault`] if the value is not writable.
///
/// # Safety
///
/// The conditions of [`store`].
#[inline(always)]
pub unsafe fn atomic_store<T>(dst: *mut T, value: T, order: Ordering) -> Result<(), AtomicError> {
    // SAFETY: ours.
    unsafe { bare::atomic_store::<T, bare::Waiting>(dst, value, order) }
}

/// The same routines, for sizes that vary from call to call without a pattern.
pub mod unpredictable {
    use super::{Destination, Outcome, Source};
    use crate::{arch::unpredictable, recovery::flag};

    /// Does [`super::copy_from_user`], for unpredictable sizes.
    ///
    /// # Safety
    ///
    /// The conditions of [`super::copy_from_user`].
    #[inline]
    pub unsafe fn copy_from_user(dst: *mut u8, src: impl Source, len: usize) -> Outcome {
        let _accessing = flag::enter();
        // SAFETY: (1) covers every store; (2) makes each load a user access, whose fault has a landing.
        unsafe { unpredictable::__axptr_copy_from_user_unpredictable(dst, src.start(), len) }.into()
    }

    /// Does [`super::copy_to_user`], for unpredictable sizes.
    ///
    /// # Safety
    ///
    /// The conditions of [`super::copy_to_user`].
    #[inline]
    pub unsafe fn copy_to_user(dst: impl Destination, src: *const u8, len: usize) -> Outcome {
        let _accessing = flag::enter();
        // SAFETY: (1) covers every load; (2) makes each store a user access, whose fault has a landing.
        unsafe { unpredictable::__axptr_copy_to_user_unpredictable(dst.start(), src, len) }.into()
    }
}

/// The same routines, for code in which the pager must not run: interrupts, spinlocks, NMI context, the address
/// space's own lock. A page that is not present is a fault at once.
///
/// The program counter alone decides this. So it holds across task switches.
pub mod nofault {
    use super::{AtomicError, Destination, Ordering, Outcome, Source};
    use crate::{access::bare, arch::raw, recovery::flag};

    /// Does [`super::copy_from_user`] without the pager.
    ///
    /// # Safety
    ///
    /// The conditions of [`super::copy_from_user`].
    #[inline]
    pub unsafe fn copy_from_user(dst: *mut u8, src: impl Source, len: usize) -> Outcome {
        let _accessing = flag::enter();
        // SAFETY: (1) covers every store; (2) makes each load a user access, whose fault has a landing.
        unsafe { raw::__axptr_copy_from_user_nofault(dst, src.start(), len) }.into()
    }

    /// Does [`super::copy_to_user`] without the pager.
    ///
    /// # Safety
    ///
    /// The conditions of [`super::copy_to_user`].
    #[inline]
    pub unsafe fn copy_to_user(dst: impl Destination, src: *const u8, len: usize) -> Outcome {
        let _accessing = flag::enter();
        // SAFETY: (1) covers every load; (2) makes each store a user access, whose fault has a landing.
        unsafe { raw::__axptr_copy_to_user_nofault(dst.start(), src, len) }.into()
    }

    /// Does [`super::copy_in_user`] without the pager.
    ///
    /// # Safety
    ///
    /// The conditions of [`super::copy_in_user`].
    #[inline]
    pub unsafe fn copy_in_user(dst: impl Destination, src: impl Source, len: usize) -> Outcome {
        let _accessing = flag::enter();
        // SAFETY: (1) makes each load and store a user access, whose fault has a landing.
        unsafe { raw::__axptr_copy_in_user_nofault(dst.start(), src.start(), len) }.into()
    }

    /// Does [`super::move_in_user`] without the pager.
    ///
    /// # Safety
    ///
    /// The conditions of [`super::move_in_user`].
    #[inline]
    pub unsafe fn move_in_user(dst: impl Destination, src: impl Source, len: usize) -> Outcome {
        // SAFETY: ours.
        unsafe { bare::move_bytes::<bare::Immediate>(dst.start(), src.start(), len) }
    }

    /// Does [`super::fill_user`] without the pager.
    ///
    /// # Safety
    ///
    /// The conditions of [`super::fill_user`].
    #[inline]
    pub unsafe fn fill_user(dst: impl Destination, byte: u8, len: usize) -> Outcome {
        let _accessing = flag::enter();
        // SAFETY: (1) makes each store a user access, whose fault has a landing.
        unsafe { raw::__axptr_fill_user_nofault(dst.start(), byte, len) }.into()
    }

    /// Does [`super::copy_string`] without the pager.
    ///
    /// # Safety
    ///
    /// The conditions of [`super::copy_string`].
    #[inline]
    pub unsafe fn copy_string(dst: *mut u8, src: impl Source, max: usize) -> Outcome {
        let _accessing = flag::enter();
        // SAFETY: (1) covers every store; (2) makes each load a user access, whose fault has a landing.
        unsafe { raw::__axptr_copy_string_nofault(dst, src.start(), max) }.into()
    }

    /// Does [`super::load`] without the pager.
    ///
    /// # Errors
    ///
    /// Fails as that function does, and if a page is not present.
    ///
    /// # Safety
    ///
    /// The conditions of [`super::load`].
    #[inline(always)]
    pub unsafe fn load<T>(src: *const T) -> Result<T, Outcome> {
        // SAFETY: ours.
        unsafe { bare::load::<T, bare::Immediate>(src) }
    }

    /// Does [`super::store`] without the pager.
    ///
    /// # Errors
    ///
    /// Fails as that function does, and if a page is not present.
    ///
    /// # Safety
    ///
    /// The conditions of [`super::store`].
    #[inline(always)]
    pub unsafe fn store<T>(dst: *mut T, value: T) -> Result<(), Outcome> {
        // SAFETY: ours.
        unsafe { bare::store::<T, bare::Immediate>(dst, value) }
    }

    /// Does [`super::atomic_load`] without the pager.
    ///
    /// # Errors
    ///
    /// Fails as that function does, and if a page is not present.
    ///
    /// # Safety
    ///
    /// The conditions of [`super::load`].
    #[inline(always)]
    pub unsafe fn atomic_load<T>(src: *const T, order: Ordering) -> Result<T, AtomicError> {
        // SAFETY: ours.
        unsafe { bare::atomic_load::<T, bare::Immediate>(src, order) }
    }

    /// Does [`super::atomic_store`] without the pager.
    ///
    /// # Errors
    ///
    /// Fails as that function does, and if a page is not present.
    ///
    /// # Safety
    ///
    /// The conditions of [`super::store`].
    #[inline(always)]
    pub unsafe fn atomic_store<T>(dst: *mut T, value: T, order: Ordering) -> Result<(), AtomicError> {
        // SAFETY: ours.
        unsafe { bare::atomic_store::<T, bare::Immediate>(dst, value, order) }
    }
}
