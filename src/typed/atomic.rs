// SPDX-License-Identifier: MIT OR Apache-2.0
//! Atomic operations on user memory, for values of 8, 16, 32 and 64 bits.
//!
//! Each operation checks the alignment before the access. No machine does a misaligned atomic access at a bearable
//! cost.
//!
//! | operation | ordering | named by the caller |
//! |---|---|---|
//! | `load` | acquire | `load_with`: relaxed, acquire, sequentially consistent |
//! | `store` | release | `store_with`: relaxed, release, sequentially consistent |
//! | all others, successful or not | sequentially consistent | `swap_with`, `fetch_add_with` ..: all |
//!
//! An ordering that the operation does not have, such as a load that releases, is [`AtomicError::Ordering`] before any
//! access. The orderings hold towards all other code, whichever instructions it has: a sequentially consistent store has
//! a full barrier behind it, and on other machines than x86_64 such a load has one in front.
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
//! use core::sync::atomic::Ordering;
//!
//! word.store_with(3, Ordering::SeqCst)?; // nobody's later load passes it
//! assert_eq!(word.load_with(Ordering::SeqCst)?, 3);
//! assert_eq!(word.fetch_add_with(1, Ordering::Relaxed)?, 3);
//! assert_eq!(word.compare_exchange_with(4, 5, Ordering::AcqRel, Ordering::Relaxed)?, Ok(4));
//! assert_eq!(word.load_with(Ordering::Release), Err(AtomicError::Ordering));
//!
//! let misaligned = UserPtr::<u32>::from(page + 2).atomic();
//! assert_eq!(misaligned.load(), Err(AtomicError::Misaligned));
//! let absent = UserPtr::<u32>::from(page + 4096).nofault().atomic();
//! assert!(matches!(absent.fetch_or(1), Err(AtomicError::Fault(fault)) if fault.addr == page + 4096));
//! # Ok::<(), AtomicError>(())
//! ```

use core::{fmt, sync::atomic::Ordering};

pub use crate::access::atomic::AtomicError;
use crate::{
    access::{
        atomic::{both, either, load_in, store_in},
        context::{Context, Normal},
        error::Fault,
        pod::{AnyBitPattern, NoUninit},
        range::UserRange,
        single,
    },
    arch::{
        inline,
        shape::{RETRY, order, rmw_op},
    },
    extable::cause::{Access, Cause},
    recovery::flag,
    typed::ptr::UserPtr,
};

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
    ($($(#[$doc:meta])+ $name:ident $with:ident: $op:ident;)+) => {$(
        $(#[$doc])+
        ///
        /// # Errors
        ///
        /// Fails as [`swap`](Self::swap) does.
        #[inline]
        pub fn $name(self, operand: T) -> Result<T, AtomicError> {
            self.rmw::<{ rmw_op::$op }, { order::BOTH }>(operand)
        }

        $(#[$doc])+
        ///
        /// The ordering is the caller's choice.
        ///
        /// # Errors
        ///
        /// Fails as [`swap`](Self::swap) does.
        #[inline]
        pub fn $with(self, operand: T, order: Ordering) -> Result<T, AtomicError> {
            self.rmw_with::<{ rmw_op::$op }>(operand, order)
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
        self.load_with(Ordering::Acquire)
    }

    /// Loads the value in an ordering: relaxed, acquire or sequentially consistent.
    ///
    /// # Errors
    ///
    /// Fails as [`load`](Self::load) does. Returns [`AtomicError::Ordering`] if the ordering releases.
    #[inline]
    pub fn load_with(self, order: Ordering) -> Result<T, AtomicError> {
        self.check_alignment()?;
        load_in(order, || Ok(single::read::<T, C>(self.ptr.addr())?))
    }

    /// Stores a value (release).
    ///
    /// # Errors
    ///
    /// Returns [`AtomicError::Misaligned`] if the address is. Returns [`AtomicError::Fault`] if the value is not
    /// writable, or not in the user half.
    #[inline]
    pub fn store(self, value: T) -> Result<(), AtomicError> {
        self.store_with(value, Ordering::Release)
    }

    /// Stores a value in an ordering: relaxed, release or sequentially consistent.
    ///
    /// It does not read: a sequentially consistent store is a plain one with a barrier behind it.
    ///
    /// # Errors
    ///
    /// Fails as [`store`](Self::store) does. Returns [`AtomicError::Ordering`] if the ordering acquires.
    #[inline]
    pub fn store_with(self, value: T, order: Ordering) -> Result<(), AtomicError> {
        self.check_alignment()?;
        store_in(order, || Ok(single::write::<T, C>(self.ptr.addr(), value)?))
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
        self.rmw::<{ rmw_op::SWAP }, { order::BOTH }>(value)
    }

    /// Stores `value` and returns the old value, in any ordering.
    ///
    /// # Errors
    ///
    /// Fails as [`swap`](Self::swap) does.
    #[inline]
    pub fn swap_with(self, value: T, order: Ordering) -> Result<T, AtomicError> {
        self.rmw_with::<{ rmw_op::SWAP }>(value, order)
    }

    impl_rmw! {
        /// Adds `operand`, wrapping around, and returns the old value.
        fetch_add fetch_add_with: ADD;
        /// Keeps only the bits that are set in `operand`, too (AND). Returns the old value.
        fetch_and fetch_and_with: AND;
        /// Sets the bits that are set in `operand` (OR). Returns the old value.
        fetch_or fetch_or_with: OR;
        /// Inverts the bits that are set in `operand` (XOR). Returns the old value.
        fetch_xor fetch_xor_with: XOR;
    }

    /// Clears the bits that are set in `operand`. Returns the old value.
    ///
    /// # Errors
    ///
    /// Fails as [`swap`](Self::swap) does.
    #[inline]
    pub fn fetch_and_not(self, operand: T) -> Result<T, AtomicError> {
        self.rmw::<{ rmw_op::AND }, { order::BOTH }>(operand.not())
    }

    /// Clears the bits that are set in `operand`, in any ordering. Returns the old value.
    ///
    /// # Errors
    ///
    /// Fails as [`swap`](Self::swap) does.
    #[inline]
    pub fn fetch_and_not_with(self, operand: T, order: Ordering) -> Result<T, AtomicError> {
        self.rmw_with::<{ rmw_op::AND }>(operand.not(), order)
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
        self.compare::<{ order::BOTH }>(expected, new)
    }

    /// Stores `new` if the value is `expected`, in one ordering if it stored, and in another if not: relaxed, acquire or
    /// sequentially consistent.
    ///
    /// It answers as [`compare_exchange`](Self::compare_exchange) does.
    ///
    /// # Errors
    ///
    /// Fails as [`swap`](Self::swap) does. Returns [`AtomicError::Ordering`] if the ordering of a failure releases.
    #[inline]
    pub fn compare_exchange_with(
        self,
        expected: T,
        new: T,
        success: Ordering,
        failure: Ordering,
    ) -> Result<Result<T, T>, AtomicError> {
        match either(success, failure) {
            Some(order::RELAXED) => self.compare::<{ order::RELAXED }>(expected, new),
            Some(order::ACQUIRE) => self.compare::<{ order::ACQUIRE }>(expected, new),
            Some(order::RELEASE) => self.compare::<{ order::RELEASE }>(expected, new),
            Some(_) => self.compare::<{ order::BOTH }>(expected, new),
            None => Err(AtomicError::Ordering),
        }
    }

    #[inline(always)]
    fn compare<const ORDER: u8>(self, expected: T, new: T) -> Result<Result<T, T>, AtomicError> {
        self.check_alignment()?;
        let Some((range, at)) = UserRange::confined(self.ptr.addr(), size_of::<T>()) else {
            return Err(self.out_of_range());
        };
        let (from, to) = (single::to_bits(expected), single::to_bits(new));
        let _accessing = flag::enter();
        let window = inline::open_window();
        // SAFETY: (1) the range is aligned and in the user half; the line above opened the window.
        let (bits, status) = unsafe { compare_exchange::<T, ORDER, C>(at, from, to) };
        inline::close_window(window);
        let found = finish::<T>(range, bits, status)?;
        Ok(if found == expected { Ok(found) } else { Err(found) })
    }

    #[inline(always)]
    fn rmw_with<const OP: u8>(self, operand: T, order: Ordering) -> Result<T, AtomicError> {
        match both(order) {
            order::RELAXED => self.rmw::<OP, { order::RELAXED }>(operand),
            order::ACQUIRE => self.rmw::<OP, { order::ACQUIRE }>(operand),
            order::RELEASE => self.rmw::<OP, { order::RELEASE }>(operand),
            _ => self.rmw::<OP, { order::BOTH }>(operand),
        }
    }

    #[inline(always)]
    fn rmw<const OP: u8, const ORDER: u8>(self, operand: T) -> Result<T, AtomicError> {
        self.check_alignment()?;
        let Some((range, at)) = UserRange::confined(self.ptr.addr(), size_of::<T>()) else {
            return Err(self.out_of_range());
        };
        let operand = single::to_bits(operand);
        let _accessing = flag::enter();
        let window = inline::open_window();
        // SAFETY: (1) the range is aligned and in the user half; the line above opened the window.
        let (bits, status) = unsafe { rmw::<T, OP, ORDER, C>(at, operand) };
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
unsafe fn rmw<T, const OP: u8, const ORDER: u8, C: Context>(addr: usize, operand: u64) -> (u64, usize) {
    match size_of::<T>() {
        // SAFETY: (1) is ours.
        1 => unsafe { inline::rmw::<1, OP, ORDER, C>(addr, operand) },
        // SAFETY: (1) is ours.
        2 => unsafe { inline::rmw::<2, OP, ORDER, C>(addr, operand) },
        // SAFETY: (1) is ours.
        4 => unsafe { inline::rmw::<4, OP, ORDER, C>(addr, operand) },
        // SAFETY: (1) is ours.
        _ => unsafe { inline::rmw::<8, OP, ORDER, C>(addr, operand) },
    }
}

/// Does [`inline::compare_exchange`] in the size of `T`.
///
/// # Safety
///
/// 1. The value at `addr`, which is aligned, is user memory, or cannot be translated; the window is open.
#[inline(always)]
unsafe fn compare_exchange<T, const ORDER: u8, C: Context>(
    addr: usize,
    expected: u64,
    new: u64,
) -> (u64, usize) {
    match size_of::<T>() {
        // SAFETY: (1) is ours.
        1 => unsafe { inline::compare_exchange::<1, ORDER, C>(addr, expected, new) },
        // SAFETY: (1) is ours.
        2 => unsafe { inline::compare_exchange::<2, ORDER, C>(addr, expected, new) },
        // SAFETY: (1) is ours.
        4 => unsafe { inline::compare_exchange::<4, ORDER, C>(addr, expected, new) },
        // SAFETY: (1) is ours.
        _ => unsafe { inline::compare_exchange::<8, ORDER, C>(addr, expected, new) },
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
