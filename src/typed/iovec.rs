// SPDX-License-Identifier: MIT OR Apache-2.0
//! Vectors of user ranges, as `readv` and `writev` take them.
//!
//! [`IoVecs::import`] takes one snapshot of the array. It reads each element once and checks it. Later writes of user
//! space to the array change nothing.
//!
//! ```
//! # unsafe { axptr::hosted::install() }.unwrap();
//! # let page = unsafe { libc::mmap(core::ptr::null_mut(), 8192, 3, 0x22, -1, 0) }.addr();
//! # unsafe { libc::munmap(core::ptr::without_provenance_mut(page + 4096), 4096) };
//! use axptr::{UserConstPtr, UserPtr, UserRange, iovec::{IoVec, IoVecs}};
//!
//! // What a program passes to writev(2). The end of the second range is not mapped.
//! let array = [page as u64 + 100, 5, page as u64 + 4093, 10]; // base and length, twice
//! UserPtr::<u64>::from(page).write_slice(&array)?;
//!
//! let mut storage = [UserRange::EMPTY; 8];
//! let vector = IoVecs::import(UserConstPtr::<IoVec>::from(page), 2, &mut storage).unwrap();
//! assert_eq!((vector.ranges().len(), vector.total()), (2, 15));
//! assert_eq!(vector.write_at(0, b"hello")?, 5);
//! let fault = vector.write_at(5, b"over the edge").unwrap_err();
//! assert_eq!((fault.done, fault.addr), (3, page + 4096));
//! let mut back = [0; 7];
//! assert_eq!((vector.read_at(1, &mut back)?, &back), (7, b"elloove"));
//! # Ok::<(), axptr::Fault>(())
//! ```

use core::{fmt, marker::PhantomData};

use bytemuck::{AnyBitPattern, NoUninit, Zeroable};

use crate::{
    access::{
        context::{Context, Normal},
        copy, errno,
        error::Fault,
        range::UserRange,
    },
    extable::cause::Access,
    typed::ptr::UserConstPtr,
};

/// The most elements that are accepted, as on Linux.
pub const IOV_MAX: usize = 1024;

/// The most bytes that one vector may describe, as on Linux. Bytes after them are cut off.
pub const MAX_TOTAL: usize = 0x7fff_f000;

/// An element of a 64-bit program's vector (`struct iovec`).
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(C)]
pub struct IoVec {
    /// The address of the first byte.
    pub base: u64,
    /// The number of bytes.
    pub len: u64,
}

/// An element of a 32-bit program's vector.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(C)]
pub struct IoVec32 {
    /// The address of the first byte.
    pub base: u32,
    /// The number of bytes.
    pub len: u32,
}

impl fmt::Debug for IoVec {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IoVec")
            .field("base", &format_args!("{:#x}", self.base))
            .field("len", &self.len)
            .finish()
    }
}

impl fmt::Debug for IoVec32 {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IoVec32")
            .field("base", &format_args!("{:#x}", self.base))
            .field("len", &self.len)
            .finish()
    }
}

// SAFETY: two integers.
unsafe impl Zeroable for IoVec {}
// SAFETY: two integers without padding between them.
unsafe impl AnyBitPattern for IoVec {}
// SAFETY: as above.
unsafe impl NoUninit for IoVec {}
// SAFETY: two integers.
unsafe impl Zeroable for IoVec32 {}
// SAFETY: two integers without padding between them.
unsafe impl AnyBitPattern for IoVec32 {}
// SAFETY: as above.
unsafe impl NoUninit for IoVec32 {}

/// A layout in which user space describes a range.
pub trait RawIoVec: AnyBitPattern {
    /// Returns address and length, or `None` if the length is negative as a signed number of this layout.
    fn parts(&self) -> Option<(usize, usize)>;
}

impl RawIoVec for IoVec {
    fn parts(&self) -> Option<(usize, usize)> {
        let len = i64::try_from(self.len).ok()?;
        Some((usize::try_from(self.base).ok()?, usize::try_from(len).ok()?))
    }
}

impl RawIoVec for IoVec32 {
    fn parts(&self) -> Option<(usize, usize)> {
        let len = i32::try_from(self.len).ok()?;
        Some((usize::try_from(self.base).ok()?, usize::try_from(len).ok()?))
    }
}

/// Why a vector was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum IoVecError {
    /// There are more elements than [`IOV_MAX`], or than the storage holds.
    TooMany,
    /// The length of the element at `index` is negative as a signed number.
    BadLength {
        /// The index of the element.
        index: usize,
    },
    /// The array is not readable, or an element describes a range that is not in the user half.
    Fault(Fault),
}

impl fmt::Display for IoVecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooMany => f.write_str("too many elements in the vector"),
            Self::BadLength { index } => write!(f, "the length of vector element {index} is negative"),
            Self::Fault(fault) => fault.fmt(f),
        }
    }
}

impl core::error::Error for IoVecError {}

impl From<Fault> for IoVecError {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl IoVecError {
    /// Returns the error number for a syscall.
    #[must_use]
    pub const fn errno(&self) -> i32 {
        match self {
            Self::TooMany | Self::BadLength { .. } => errno::EINVAL,
            Self::Fault(fault) => fault.errno(),
        }
    }
}

errno::conversions!(IoVecError);

/// The ranges of an imported vector: at most [`MAX_TOTAL`] bytes in all.
#[derive(Clone, Copy, Debug)]
pub struct IoVecs<'a, C = Normal> {
    ranges: &'a [UserRange],
    total: usize,
    context: PhantomData<C>,
}

impl<'a, C: Context> IoVecs<'a, C> {
    /// Imports `count` elements from user memory into `storage`.
    ///
    /// The transfers use the context of `array`: see [`context`](crate::context).
    ///
    /// # Errors
    ///
    /// - [`IoVecError::TooMany`] and [`IoVecError::BadLength`] are EINVAL, as on Linux.
    /// - [`IoVecError::Fault`]: the array is not readable (`done` counts its bytes), or an element is not in the user
    ///   half.
    ///
    /// All lengths are checked before any address, as on Linux. After [`IoVecError::BadLength`] and
    /// [`IoVecError::Fault`], the first `count` ranges of `storage` are empty.
    ///
    /// An empty element may lie anywhere, as every empty range. Here Linux differs: it answers EFAULT to an empty
    /// element above the user half.
    #[doc(alias = "import_iovec")]
    pub fn import<V: RawIoVec>(
        array: UserConstPtr<V, C>,
        count: usize,
        storage: &'a mut [UserRange],
    ) -> Result<Self, IoVecError> {
        if count > IOV_MAX || count > storage.len() {
            return Err(IoVecError::TooMany);
        }
        let ranges = &mut storage[..count];
        match snapshot(array, ranges).and_then(|()| Ok(check(ranges)?)) {
            Ok(total) => Ok(Self { ranges, total, context: PhantomData }),
            Err(error) => {
                ranges.fill(UserRange::EMPTY);
                Err(error)
            }
        }
    }

    /// Returns the ranges, in order.
    #[must_use]
    pub const fn ranges(&self) -> &'a [UserRange] {
        self.ranges
    }

    /// Returns the number of bytes in all ranges.
    #[must_use]
    pub const fn total(&self) -> usize {
        self.total
    }

    /// Gathers user bytes into `buf`, from byte `offset` of the vector on, as many as both have.
    ///
    /// Returns the number of bytes read.
    ///
    /// # Errors
    ///
    /// Fails if a byte is not readable. Then `buf[..fault.done]` holds the bytes before the fault, from all ranges up
    /// to there. The rest of `buf` is unchanged. To continue, add `fault.done` to `offset`.
    pub fn read_at(&self, offset: usize, buf: &mut [u8]) -> Result<usize, Fault> {
        self.each(offset, buf.len(), |piece, done| {
            let target = &mut buf[done..done + piece.len()];
            // SAFETY: (1) the target is as long as the piece.
            unsafe { copy::read_range::<C>(target.as_mut_ptr(), piece) }
        })
    }

    /// Scatters `buf` to user memory, from byte `offset` of the vector on, as many bytes as both have.
    ///
    /// Returns the number of bytes written.
    ///
    /// # Errors
    ///
    /// Fails if a byte is not writable. Then the first `fault.done` bytes have been written, in all ranges up to
    /// there, and no byte after them. To continue, add `fault.done` to `offset`.
    pub fn write_at(&self, offset: usize, buf: &[u8]) -> Result<usize, Fault> {
        self.each(offset, buf.len(), |piece, done| {
            copy::write_bytes::<C>(piece.start(), &buf[done..done + piece.len()])
        })
    }

    /// Calls `step` for each piece of the vector from `offset` on, with the number of bytes done before it, until
    /// `len` bytes are done.
    fn each(
        &self,
        offset: usize,
        len: usize,
        mut step: impl FnMut(UserRange, usize) -> Result<(), Fault>,
    ) -> Result<usize, Fault> {
        let mut skip = offset;
        let mut done = 0;
        for range in self.ranges {
            let (skipped, rest) = range.split_at(skip);
            skip -= skipped.len();
            let (piece, _) = rest.split_at(len - done);
            if piece.is_empty() {
                continue;
            }
            step(piece, done).map_err(|fault| fault.after(done))?;
            done += piece.len();
        }
        Ok(done)
    }
}

/// Reads each element once and checks its length. The addresses are not checked yet.
fn snapshot<V: RawIoVec, C: Context>(
    array: UserConstPtr<V, C>,
    ranges: &mut [UserRange],
) -> Result<(), IoVecError> {
    let array = array.slice(ranges.len())?;
    for (index, slot) in ranges.iter_mut().enumerate() {
        let before = index * size_of::<V>();
        let raw = array.as_ptr().add(index).read().map_err(|fault| fault.after(before))?;
        let (base, len) = raw.parts().ok_or(IoVecError::BadLength { index })?;
        *slot = UserRange::checked_before(base, len);
    }
    Ok(())
}

/// Checks the addresses of the ranges, and cuts off the bytes after [`MAX_TOTAL`]. Returns the number of bytes that
/// remain.
///
/// A vector of one element is cut off first, as on Linux. So its length may be any.
#[inline]
fn check(ranges: &mut [UserRange]) -> Result<usize, Fault> {
    if let [only] = ranges {
        *only = UserRange::checked_before(only.start(), only.len().min(MAX_TOTAL));
    }
    let mut total = 0;
    for slot in ranges {
        let range = Fault::range(slot.start(), slot.len(), Access::Read)?;
        (*slot, _) = range.split_at(MAX_TOTAL - total);
        total += slot.len();
    }
    Ok(total)
}
