// SPDX-License-Identifier: MIT OR Apache-2.0
//! Reads user slices into vectors (feature `alloc`).

use alloc::vec::Vec;
use core::{fmt, mem::MaybeUninit};

use crate::{
    access::{context::Context, copy, errno, error::Fault, pod::AnyBitPattern, range::UserRange},
    typed::slice::{UserConstSlice, UserSlice},
};

/// The number of bytes by which a vector grows ahead of what has been read.
const STEP: usize = 64 * 1024;

/// Why a user slice was not read into a vector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum VecError {
    /// The kernel's heap is exhausted.
    NoMemory,
    /// A byte could not be read.
    Fault(Fault),
}

impl fmt::Display for VecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoMemory => f.write_str("no memory for what user space sends"),
            Self::Fault(fault) => fault.fmt(f),
        }
    }
}

impl core::error::Error for VecError {}

impl From<Fault> for VecError {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl VecError {
    /// Returns the error number for a syscall.
    #[must_use]
    pub const fn errno(&self) -> i32 {
        match self {
            Self::NoMemory => errno::ENOMEM,
            Self::Fault(fault) => fault.errno(),
        }
    }
}

errno::conversions!(VecError);

impl<T: AnyBitPattern, C: Context> UserConstSlice<T, C> {
    /// Reads all elements into a new vector.
    ///
    /// The vector grows with what has been read. So a length that user space made up costs no memory.
    ///
    /// # Errors
    ///
    /// Returns [`VecError::Fault`] if a byte is not readable; `done` counts from the start. Returns
    /// [`VecError::NoMemory`] if the heap is exhausted.
    ///
    /// ```
    /// # unsafe { axptr::hosted::install() }.unwrap();
    /// # static NUMBERS: [u16; 3] = [1, 2, 3];
    /// # let addr = NUMBERS.as_ptr().addr();
    /// use axptr::{UserConstPtr, VecError};
    ///
    /// let numbers = UserConstPtr::<u16>::from(addr).slice(3)?.to_vec()?;
    /// assert_eq!(numbers, [1, 2, 3]);
    /// let claimed = UserConstPtr::<u16>::from(8).slice(1 << 40)?.to_vec();
    /// assert!(matches!(claimed, Err(VecError::Fault(fault)) if fault.done == 0));
    /// # Ok::<(), VecError>(())
    /// ```
    pub fn to_vec(&self) -> Result<Vec<T>, VecError> {
        let mut values = Vec::new();
        self.append_to(&mut values)?;
        Ok(values)
    }

    /// Appends all elements to `values`.
    ///
    /// # Errors
    ///
    /// Fails as [`to_vec`](Self::to_vec) does, but keeps what was read in `values`: the whole elements of
    /// `fault.done` bytes, after the elements that were there before.
    pub fn append_to(&self, values: &mut Vec<T>) -> Result<(), VecError> {
        let per_step = STEP.checked_div(size_of::<T>()).map_or(usize::MAX, |count| count.max(1));
        let mut rest = self.bytes();
        let mut done = 0;
        while done < self.len() {
            let count = per_step.min(self.len() - done);
            let (now, later) = rest.split_at(count * size_of::<T>());
            values.try_reserve(count).map_err(|_| VecError::NoMemory)?;
            append::<T, C>(values, count, now).map_err(|fault| fault.after(done * size_of::<T>()))?;
            done += count;
            rest = later;
        }
        Ok(())
    }
}

impl<T: AnyBitPattern, C: Context> UserSlice<T, C> {
    /// Reads all elements into a new vector: see [`UserConstSlice::to_vec`].
    ///
    /// # Errors
    ///
    /// Fails as [`UserConstSlice::to_vec`] does.
    pub fn to_vec(&self) -> Result<Vec<T>, VecError> {
        UserConstSlice::from(*self).to_vec()
    }

    /// Appends all elements to `values`: see [`UserConstSlice::append_to`].
    ///
    /// # Errors
    ///
    /// Fails as [`UserConstSlice::append_to`] does.
    pub fn append_to(&self, values: &mut Vec<T>) -> Result<(), VecError> {
        UserConstSlice::from(*self).append_to(values)
    }
}

/// Reads `count` values from `range` and appends them to `values`, which has room for them. After a fault, appends
/// the whole ones.
fn append<T: AnyBitPattern, C: Context>(
    values: &mut Vec<T>,
    count: usize,
    range: UserRange,
) -> Result<(), Fault> {
    let room: &mut [MaybeUninit<T>] = &mut values.spare_capacity_mut()[..count];
    // SAFETY: (1) the room has as many bytes as the range.
    let outcome = unsafe { copy::read_range::<C>(room.as_mut_ptr().cast(), range) };
    let whole = match outcome {
        Ok(()) => count,
        Err(fault) => fault.done.checked_div(size_of::<T>()).unwrap_or(0),
    };
    let len = values.len() + whole;
    // SAFETY: all bytes of `whole` more values were written, and any bytes are a `T`.
    unsafe { values.set_len(len) };
    outcome
}
