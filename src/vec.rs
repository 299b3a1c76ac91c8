// SPDX-License-Identifier: MIT OR Apache-2.0
//! User slices as vectors (feature `alloc`).

use alloc::vec::Vec;
use core::{fmt, mem::MaybeUninit};

use axerrno::{AxError, LinuxError};

use crate::{
    cause::Access,
    context::Context,
    copy,
    error::Fault,
    pod::AnyBitPattern,
    range::UserRange,
    slice::{UserConstSlice, UserSlice},
};

/// The bytes by which a vector grows ahead of what has been read.
const STEP: usize = 64 * 1024;

/// Why a user slice did not become a vector.
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

impl From<VecError> for LinuxError {
    fn from(error: VecError) -> Self {
        match error {
            VecError::NoMemory => Self::ENOMEM,
            VecError::Fault(fault) => fault.into(),
        }
    }
}

impl From<VecError> for AxError {
    fn from(error: VecError) -> Self {
        LinuxError::from(error).into()
    }
}

impl<T: AnyBitPattern, C: Context> UserConstSlice<T, C> {
    /// Reads all elements into a new vector.
    ///
    /// It grows with what has been read: a length that user space made up costs no memory.
    ///
    /// # Errors
    ///
    /// [`VecError::Fault`] if a byte is not readable, with `done` counted from the start;
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
        let per_step = STEP.checked_div(size_of::<T>()).map_or(usize::MAX, |count| count.max(1));
        let mut rest = self.bytes();
        while values.len() < self.len() {
            let count = per_step.min(self.len() - values.len());
            let (now, later) = rest.split_at(count * size_of::<T>());
            values.try_reserve(count).map_err(|_| VecError::NoMemory)?;
            let done = values.len() * size_of::<T>();
            append::<T, C>(&mut values, count, now).map_err(|fault| fault.after(done))?;
            rest = later;
        }
        Ok(values)
    }
}

impl<T: AnyBitPattern, C: Context> UserSlice<T, C> {
    /// Reads all elements into a new vector: see [`UserConstSlice::to_vec`].
    ///
    /// # Errors
    ///
    /// As [`UserConstSlice::to_vec`].
    pub fn to_vec(&self) -> Result<Vec<T>, VecError> {
        UserConstSlice::from(*self).to_vec()
    }
}

/// Reads `count` values from `range` behind those of `values`, which has room for them.
fn append<T: AnyBitPattern, C: Context>(
    values: &mut Vec<T>,
    count: usize,
    range: UserRange,
) -> Result<(), Fault> {
    let room: &mut [MaybeUninit<T>] = &mut values.spare_capacity_mut()[..count];
    // The limit may have been lowered since the slice was made: then `range` is shorter.
    if range.len() != size_of_val(room) {
        return Err(Fault::out_of_range(range.start(), Access::Read));
    }
    // SAFETY: (1) the room has as many bytes as the range.
    unsafe { copy::read_range::<C>(room.as_mut_ptr().cast(), range) }?;
    let len = values.len() + count;
    // SAFETY: all bytes of `count` more values were written, and a `T` may be any of them.
    unsafe { values.set_len(len) };
    Ok(())
}
