// SPDX-License-Identifier: MIT OR Apache-2.0
//! Atomic operations on user memory, for values of 8, 16, 32 and 64 bits.
//!
//! Each operation checks the alignment before the access. No machine does a misaligned atomic access at a bearable
//! cost.
//!
//! | operation | ordering |
//! |---|---|
//! | `load` | acquire |
//! | `store` | release |
//! | all others, successful or not | sequentially consistent |
//!
//! A program may write to the same place without a pause. Where the machine has no single instruction for an
//! operation, a loop tries it a limited number of times. Then the operation returns [`AtomicError::Retry`].
//!
//! ```
//! # unsafe { axptr::hosted::install() }.unwrap();
//! # let page = unsafe { libc::mmap(core::ptr::null_mut(), 8192, 3, 0x22, -1, 0) }.addr();
//! # unsafe { libc::munmap(core::ptr::without_provenance_mut(page + 4096), 4096) };
//! use axptr::{UserPtr, atomic::AtomicError};
//!
//! let word = UserPtr::<u32>::from(page).atomic();
//! word.store(0x7fff_ffff)?;
//! assert_eq!(word.fetch_add(1)?, 0x7fff_ffff);
//! assert_eq!(word.compare_exchange(0x8000_0000, 5)?, Ok(0x8000_0000));
//! assert_eq!(word.compare_exchange(0x8000_0000, 6)?, Err(5));
//! assert_eq!((word.swap(9)?, word.load()?), (5, 9));
//!
//! let misaligned = UserPtr::<u32>::from(page + 2).atomic();
//! assert_eq!(misaligned.load(), Err(AtomicError::Misaligned));
//! let absent = UserPtr::<u32>::from(page + 4096).nofault().atomic();
//! assert!(matches!(absent.fetch_or(1), Err(AtomicError::Fault(fault)) if fault.addr == page + 4096));
//! # Ok::<(), AtomicError>(())
//! ```

use core::{
    fmt,
    sync::atomic::{Ordering, fence},
};

use crate::{
    access::{
        context::{Context, Normal},
        errno,
        error::Fault,
        pod::{AnyBitPattern, NoUninit},
        range::UserRange,
        single,
    },
    arch::{
        inline,
        shape::{RETRY, rmw_op},
    },
    extable::cause::{Access, Cause},
    recovery::flag,
    typed::ptr::UserPtr,
};

/// Why an atomic operation was not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AtomicError {
    /// The address is not a multiple of the size. Nothing has been accessed.
    Misaligned,
    /// Other CPUs wrote to the value too often. Nothing has been changed. A caller that holds no lock may try again.
    Retry,
    /// The value could not be accessed.
    Fault(Fault),
}

impl fmt::Display for AtomicError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Misaligned => f.write_str("a user atomic is misaligned"),
            Self::Retry => f.write_str("a user atomic was changed by others all the time"),
            Self::Fault(fault) => fault.fmt(f),
        }
    }
}

impl core::error::Error for AtomicError {}

impl From<Fault> for AtomicError {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl AtomicError {
    /// Returns the error number for a syscall.
    #[must_use]
    pub const fn errno(&self) -> i32 {
        match self {
            Self::Misaligned => errno::EINVAL,
            Self::Retry => errno::EAGAIN,
            Self::Fault(fault) => fault.errno(),
        }
    }
}

errno::conversions!(AtomicError);

/// An integer of 1, 2, 4 or 8 bytes.
pub trait AtomicValue: AnyBitPattern + NoUninit + Eq + sealed::Integer {}

mod sealed {
    /// Inverts all bits.
    pub trait Integer {
        fn not(self) -> Self;
    }
}

macro_rules! impl_value {
    ($($integer:ty)+) => {$(
        impl AtomicValue for $integer {}

        impl sealed::Integer for $integer {
            #[inline(always)]
            fn not(self) -> Self {
                !self
            }
        }
    )+};
}

impl_value!(u8 i8 u16 i16 u32 i32 u64 i64 usize isize);

/// A user address for atomic accesses to a `T`. Made by [`UserPtr::atomic`].
pub struct UserAtomic<T, C = Normal> {
    ptr: UserPtr<T, C>,
}

impl<T: AtomicValue, C: Context> UserPtr<T, C> {
    /// Returns the same address, for atomic operations. Each operation checks it, including its alignment.
    #[inline]
    #[must_use]
    pub const fn atomic(self) -> UserAtomic<T, C> {
        UserAtomic { ptr: self }
    }
}

/// Implements the operations that change the value and return the old one.
macro_rules! impl_rmw {
    ($($(#[$doc:meta])+ $name:ident: $op:ident;)+) => {$(
        $(#[$doc])+
        ///
        /// # Errors
        ///
        /// Fails as [`swap`](Self::swap) does.
        #[inline]
        pub fn $name(self, operand: T) -> Result<T, AtomicError> {
            self.rmw::<{ rmw_op::$op }>(operand)
        }
    )+};
}

impl<T: AtomicValue, C: Context> UserAtomic<T, C> {
    /// Returns a pointer to the value.
    #[inline]
    #[must_use]
    pub const fn as_ptr(self) -> UserPtr<T, C> {
        self.ptr
    }

    /// Loads the value (acquire).
    ///
    /// # Errors
    ///
    /// Returns [`AtomicError::Misaligned`] if the address is. Returns [`AtomicError::Fault`] if the value is not
    /// readable, or not in the user half.
    #[inline]
    pub fn load(self) -> Result<T, AtomicError> {
        self.check_alignment()?;
        let value = single::read::<T, C>(self.ptr.addr())?;
        fence(Ordering::Acquire);
        Ok(value)
    }

    /// Stores a value (release).
    ///
    /// # Errors
    ///
    /// Returns [`AtomicError::Misaligned`] if the address is. Returns [`AtomicError::Fault`] if the value is not
    /// writable, or not in the user half.
    #[inline]
    pub fn store(self, value: T) -> Result<(), AtomicError> {
        self.check_alignment()?;
        fence(Ordering::Release);
        Ok(single::write::<T, C>(self.ptr.addr(), value)?)
    }

    /// Stores `value` and returns the old value.
    ///
    /// # Errors
    ///
    /// Returns [`AtomicError::Misaligned`] if the address is. Returns [`AtomicError::Fault`] if the value is not
    /// readable and writable, or not in the user half. Returns [`AtomicError::Retry`] if other CPUs wrote to it too
    /// often. The value is unchanged after each of them.
    #[inline]
    #[doc(alias = "xchg")]
    pub fn swap(self, value: T) -> Result<T, AtomicError> {
        self.rmw::<{ rmw_op::SWAP }>(value)
    }

    impl_rmw! {
        /// Adds `operand`, wrapping around, and returns the old value.
        fetch_add: ADD;
        /// Keeps only the bits that are set in `operand`, too (AND). Returns the old value.
        fetch_and: AND;
        /// Sets the bits that are set in `operand` (OR). Returns the old value.
        fetch_or: OR;
        /// Inverts the bits that are set in `operand` (XOR). Returns the old value.
        fetch_xor: XOR;
    }

    /// Clears the bits that are set in `operand`. Returns the old value.
    ///
    /// # Errors
    ///
    /// Fails as [`swap`](Self::swap) does.
    #[inline]
    pub fn fetch_and_not(self, operand: T) -> Result<T, AtomicError> {
        self.rmw::<{ rmw_op::AND }>(operand.not())
    }

    /// Stores `new` if the value is `expected`.
    ///
    /// Returns `Ok(Ok(old))` if it stored, and `Ok(Err(value))` with the current value if not. The value must be
    /// writable in both cases.
    ///
    /// # Errors
    ///
    /// Fails as [`swap`](Self::swap) does.
    #[inline]
    #[doc(alias = "cmpxchg")]
    pub fn compare_exchange(self, expected: T, new: T) -> Result<Result<T, T>, AtomicError> {
        self.check_alignment()?;
        let Some((range, at)) = UserRange::confined(self.ptr.addr(), size_of::<T>()) else {
            return Err(self.out_of_range());
        };
        let (from, to) = (single::to_bits(expected), single::to_bits(new));
        let _accessing = flag::enter();
        let window = inline::open_window();
        // SAFETY: (1) the range is aligned and in the user half; the line above opened the window.
        let (bits, status) = unsafe { compare_exchange::<T, C>(at, from, to) };
        inline::close_window(window);
        let found = finish::<T>(range, bits, status)?;
        Ok(if found == expected { Ok(found) } else { Err(found) })
    }

    #[inline(always)]
    fn rmw<const OP: u8>(self, operand: T) -> Result<T, AtomicError> {
        self.check_alignment()?;
        let Some((range, at)) = UserRange::confined(self.ptr.addr(), size_of::<T>()) else {
            return Err(self.out_of_range());
        };
        let operand = single::to_bits(operand);
        let _accessing = flag::enter();
        let window = inline::open_window();
        // SAFETY: (1) the range is aligned and in the user half; the line above opened the window.
        let (bits, status) = unsafe { rmw::<T, OP, C>(at, operand) };
        inline::close_window(window);
        finish(range, bits, status)
    }

    #[inline(always)]
    fn check_alignment(self) -> Result<(), AtomicError> {
        if self.ptr.addr().is_multiple_of(size_of::<T>()) { Ok(()) } else { Err(AtomicError::Misaligned) }
    }

    #[inline(always)]
    fn out_of_range(self) -> AtomicError {
        Fault::out_of_range(self.ptr.addr(), Access::Write).into()
    }
}

/// Returns the old value, or the error.
#[inline(always)]
fn finish<T: AtomicValue>(range: UserRange, bits: u64, status: usize) -> Result<T, AtomicError> {
    if status == 0 { Ok(single::from_bits(bits)) } else { Err(failed(range, status)) }
}

/// Makes the error of an atomic access that failed. An aligned value lies in one page, so no byte of it was done.
#[cold]
fn failed(range: UserRange, status: usize) -> AtomicError {
    if status == RETRY {
        return AtomicError::Retry;
    }
    let cause = Cause::from_register(status);
    let access = cause.access().unwrap_or(Access::Write);
    AtomicError::Fault(Fault::new(range.start(), 0, access, cause.kind()))
}

/// Does [`inline::rmw`] in the size of `T`.
///
/// # Safety
///
/// 1. The value at `addr`, which is aligned, is user memory, or cannot be translated; the window is open.
#[inline(always)]
unsafe fn rmw<T, const OP: u8, C: Context>(addr: usize, operand: u64) -> (u64, usize) {
    match size_of::<T>() {
        // SAFETY: (1) is ours.
        1 => unsafe { inline::rmw::<1, OP, C>(addr, operand) },
        // SAFETY: (1) is ours.
        2 => unsafe { inline::rmw::<2, OP, C>(addr, operand) },
        // SAFETY: (1) is ours.
        4 => unsafe { inline::rmw::<4, OP, C>(addr, operand) },
        // SAFETY: (1) is ours.
        _ => unsafe { inline::rmw::<8, OP, C>(addr, operand) },
    }
}

/// Does [`inline::compare_exchange`] in the size of `T`.
///
/// # Safety
///
/// 1. The value at `addr`, which is aligned, is user memory, or cannot be translated; the window is open.
#[inline(always)]
unsafe fn compare_exchange<T, C: Context>(addr: usize, expected: u64, new: u64) -> (u64, usize) {
    match size_of::<T>() {
        // SAFETY: (1) is ours.
        1 => unsafe { inline::compare_exchange::<1, C>(addr, expected, new) },
        // SAFETY: (1) is ours.
        2 => unsafe { inline::compare_exchange::<2, C>(addr, expected, new) },
        // SAFETY: (1) is ours.
        4 => unsafe { inline::compare_exchange::<4, C>(addr, expected, new) },
        // SAFETY: (1) is ours.
        _ => unsafe { inline::compare_exchange::<8, C>(addr, expected, new) },
    }
}

// By hand: derives would demand the traits of `T` and `C`, too.
impl<T, C> Clone for UserAtomic<T, C> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T, C> Copy for UserAtomic<T, C> {}

impl<T, C> fmt::Debug for UserAtomic<T, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("UserAtomic").field(&self.ptr).finish()
    }
}
