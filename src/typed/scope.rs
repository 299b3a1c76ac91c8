// SPDX-License-Identifier: MIT OR Apache-2.0
//! Many accesses in one window.
//!
//! Opening the window costs more than a load. So a *batch* describes the accesses first. Then [`run`] opens the
//! window once, does them in order, and closes it. Nothing but accesses can run inside: all other code runs before or
//! after.
//!
//! All addresses are checked before the first access, and each is masked before its own access. So no fence is
//! needed. If the window is open already, a batch leaves it open. A batch may be a part of another batch.
//!
//! ```
//! # unsafe { axptr::hosted::install() }.unwrap();
//! # let page = unsafe { libc::mmap(core::ptr::null_mut(), 8192, 3, 0x22, -1, 0) }.addr();
//! # unsafe { libc::munmap(core::ptr::without_provenance_mut(page + 4096), 4096) };
//! use axptr::{UserPtr, scope};
//!
//! #[repr(C)]
//! struct TimeSpec {
//!     seconds: i64,
//!     nanoseconds: i64,
//! }
//!
//! let time = UserPtr::<TimeSpec>::from(page);
//! let seconds = axptr::user_field!(time, TimeSpec, seconds);
//! let nanoseconds = axptr::user_field!(time, TimeSpec, nanoseconds);
//! scope::run((seconds.writing(5), nanoseconds.writing(7)))?;
//! let (s, n) = scope::run((seconds.reading(), nanoseconds.reading()))?;
//! assert_eq!((s, n), (5, 7));
//!
//! // The accesses before the one that faults are done.
//! let fault = scope::run([seconds.writing(8), seconds.add(512).writing(9)]).unwrap_err();
//! assert_eq!((fault.done, fault.addr, seconds.read()?), (0, page + 4096, 8));
//! # Ok::<(), axptr::Fault>(())
//! ```

use core::{
    fmt,
    mem::{self, MaybeUninit},
};

use crate::{
    access::{
        context::Context,
        error::Fault,
        pod::{AnyBitPattern, NoUninit},
        range::UserRange,
        single,
    },
    extable::cause::Access,
    recovery::flag,
    typed::ptr::{UserConstPtr, UserPtr},
};

/// Does the accesses of `batch` in one window, in order. Returns what was read.
///
/// # Errors
///
/// Returns the fault of the first access that fails. The accesses before it are done, and none after it. `done`
/// counts only the bytes of the access that failed.
///
/// If an address is not in the user half, nothing has been accessed.
#[inline(always)]
pub fn run<B: Batch>(batch: B) -> Result<B::Output, Fault> {
    batch.check()?;
    let _accessing = flag::enter();
    let window = single::open_window();
    // SAFETY: (1) the line above opened it.
    let outcome = unsafe { batch.access() };
    single::close_window(window);
    outcome
}

/// Accesses that run together: [`Read`], [`Write`], tuples and arrays of batches, and slices of batches that return
/// nothing.
pub trait Batch: sealed::Accesses {}

impl<B: sealed::Accesses> Batch for B {}

mod sealed {
    use crate::access::error::Fault;

    /// The accesses of a batch. This trait seals [`Batch`](super::Batch).
    pub trait Accesses {
        /// What was read.
        type Output;

        /// Refuses addresses outside the user half.
        fn check(&self) -> Result<(), Fault>;

        /// Does the accesses.
        ///
        /// # Safety
        ///
        /// 1. The window is open.
        unsafe fn access(self) -> Result<Self::Output, Fault>;
    }
}

/// A read of a value. Made by [`UserConstPtr::reading`].
pub struct Read<T, C> {
    ptr: UserConstPtr<T, C>,
}

/// A write of a value. Made by [`UserPtr::writing`].
pub struct Write<T, C> {
    ptr: UserPtr<T, C>,
    value: T,
}

impl<T: AnyBitPattern, C: Context> UserConstPtr<T, C> {
    /// Returns a read of the value, for [`scope::run`](crate::scope::run).
    #[inline(always)]
    #[must_use]
    pub const fn reading(self) -> Read<T, C> {
        Read { ptr: self }
    }
}

impl<T: AnyBitPattern, C: Context> UserPtr<T, C> {
    /// Returns a read of the value, for [`scope::run`](crate::scope::run).
    #[inline(always)]
    #[must_use]
    pub fn reading(self) -> Read<T, C> {
        Read { ptr: self.into() }
    }
}

impl<T: NoUninit, C: Context> UserPtr<T, C> {
    /// Returns a write of `value`, for [`scope::run`](crate::scope::run).
    #[inline(always)]
    #[must_use]
    pub const fn writing(self, value: T) -> Write<T, C> {
        Write { ptr: self, value }
    }
}

impl<T: AnyBitPattern, C: Context> sealed::Accesses for Read<T, C> {
    type Output = T;

    #[inline(always)]
    fn check(&self) -> Result<(), Fault> {
        check(self.ptr.addr(), size_of::<T>(), Access::Read)
    }

    #[inline(always)]
    unsafe fn access(self) -> Result<T, Fault> {
        let addr = self.ptr.addr();
        let Some((range, start)) = UserRange::confined_again(addr, size_of::<T>()) else {
            return Err(Fault::refused(addr, Access::Read));
        };
        if !single::is_single::<T>() {
            let mut value = MaybeUninit::<T>::uninit();
            let room = value.as_mut_ptr().cast();
            // SAFETY: (1) `value` is as large as a `T`; (2) the range lies in the user half, which holds no kernel memory.
            let outcome = unsafe { C::copy_from_user(room, start, size_of::<T>()) };
            Fault::check(outcome, addr, size_of::<T>(), Access::Read)?;
            // SAFETY: the copy wrote all bytes, and a `T` may be any of them.
            return Ok(unsafe { value.assume_init() });
        }
        if !single::is_loaded_at_once::<T>(addr) {
            return single::read_again::<C>(range, 0).map(single::from_bits);
        }
        // SAFETY: (1) the range lies in the user half, and the window is open.
        let (bits, status) = unsafe { single::load::<T, C>(start) };
        if status == 0 {
            return Ok(single::from_bits(bits));
        }
        single::read_again::<C>(range, status).map(single::from_bits)
    }
}

impl<T: NoUninit, C: Context> sealed::Accesses for Write<T, C> {
    type Output = ();

    #[inline(always)]
    fn check(&self) -> Result<(), Fault> {
        check(self.ptr.addr(), size_of::<T>(), Access::Write)
    }

    #[inline(always)]
    unsafe fn access(self) -> Result<(), Fault> {
        let addr = self.ptr.addr();
        let Some((range, start)) = UserRange::confined_again(addr, size_of::<T>()) else {
            return Err(Fault::refused(addr, Access::Write));
        };
        if !single::is_single::<T>() {
            let bytes = bytemuck::bytes_of(&self.value);
            // SAFETY: (1) the bytes are a value's; (2) the range lies in the user half, which holds no kernel memory.
            let outcome = unsafe { C::copy_to_user(start, bytes.as_ptr(), bytes.len()) };
            return Fault::check(outcome, addr, bytes.len(), Access::Write);
        }
        let bits = single::to_bits(self.value);
        if !single::is_stored_at_once::<T>(addr) {
            return single::write_out_of_line::<C>(range, bits);
        }
        // SAFETY: (1) the range lies in the user half, and the window is open.
        let status = unsafe { single::store::<T, C>(start, bits) };
        if status == 0 { Ok(()) } else { single::write_again::<C>(range, bits, status) }
    }
}

#[inline(always)]
fn check(addr: usize, len: usize, access: Access) -> Result<(), Fault> {
    if UserRange::new(addr, len).is_none() {
        return Err(Fault::refused(addr, access));
    }
    Ok(())
}

impl<B: sealed::Accesses, const N: usize> sealed::Accesses for [B; N] {
    type Output = [B::Output; N];

    #[inline(always)]
    fn check(&self) -> Result<(), Fault> {
        self.iter().try_for_each(B::check)
    }

    #[inline(always)]
    unsafe fn access(self) -> Result<Self::Output, Fault> {
        let mut outputs = [const { MaybeUninit::<B::Output>::uninit() }; N];
        for (batch, output) in self.into_iter().zip(&mut outputs) {
            // SAFETY: (1) is ours.
            output.write(unsafe { batch.access() }?);
        }
        // Call no function of another crate while the window is open: the compiler need not inline it.
        // SAFETY: each output has been written, and an array of them has the same layout.
        Ok(unsafe { mem::transmute_copy(&outputs) })
    }
}

impl<B: sealed::Accesses<Output = ()> + Copy> sealed::Accesses for &[B] {
    type Output = ();

    #[inline(always)]
    fn check(&self) -> Result<(), Fault> {
        self.iter().try_for_each(B::check)
    }

    #[inline(always)]
    unsafe fn access(self) -> Result<(), Fault> {
        // SAFETY: (1) is ours.
        self.iter().try_for_each(|batch| unsafe { batch.access() })
    }
}

macro_rules! impl_tuple {
    ($($batch:ident)+) => {
        impl<$($batch: sealed::Accesses),+> sealed::Accesses for ($($batch,)+) {
            type Output = ($($batch::Output,)+);

            #[inline(always)]
            #[expect(non_snake_case, reason = "one name for the type and for the value")]
            fn check(&self) -> Result<(), Fault> {
                let ($($batch,)+) = self;
                $($batch.check()?;)+
                Ok(())
            }

            #[inline(always)]
            #[expect(non_snake_case, reason = "one name for the type and for the value")]
            unsafe fn access(self) -> Result<Self::Output, Fault> {
                let ($($batch,)+) = self;
                // SAFETY: (1) is ours.
                Ok(($(unsafe { $batch.access() }?,)+))
            }
        }
    };
}

impl_tuple!(A);
impl_tuple!(A B);
impl_tuple!(A B D);
impl_tuple!(A B D E);
impl_tuple!(A B D E F);
impl_tuple!(A B D E F G);
impl_tuple!(A B D E F G H);
impl_tuple!(A B D E F G H I);

// By hand: derives would demand the traits of `C`, too.
impl<T, C> Clone for Read<T, C> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T, C> Copy for Read<T, C> {}

impl<T: Copy, C> Clone for Write<T, C> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Copy, C> Copy for Write<T, C> {}

impl<T, C> fmt::Debug for Read<T, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Read").field(&self.ptr).finish()
    }
}

impl<T: fmt::Debug, C> fmt::Debug for Write<T, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Write").field(&self.ptr).field(&self.value).finish()
    }
}
