// SPDX-License-Identifier: MIT OR Apache-2.0
//! Slices of user memory: checked once, then divided freely.
//!
//! A slice says *where* its elements are: they are proved to lie in the user half. Each access may still fault. No
//! method here computes an address outside the slice.

use core::{fmt, ops::Range};

use crate::{
    access::{
        compare,
        context::{Context, Normal},
        copy,
        error::Fault,
        pod::{AnyBitPattern, NoUninit},
        range::UserRange,
    },
    extable::cause::Access,
    typed::ptr::{UserConstPtr, UserPtr},
};

/// `len` elements of user memory that the kernel may read and write. Made by [`UserPtr::slice`].
///
/// ```
/// # unsafe { axptr::hosted::install() }.unwrap();
/// # let page = unsafe { libc::mmap(core::ptr::null_mut(), 8192, 3, 0x22, -1, 0) }.addr();
/// # unsafe { libc::munmap(core::ptr::without_provenance_mut(page + 4096), 4096) };
/// use axptr::{UserConstSlice, UserPtr, UserSlice};
///
/// let slice: UserSlice<u32> = UserPtr::from(page).slice(10)?;
/// assert_eq!(slice.write_from(&[1, 2, 3])?, 3);
/// let (head, tail) = slice.split_at(2).unwrap();
/// assert_eq!((head.len(), tail.get(0).unwrap().read()?), (2, 3));
/// assert!(slice.part(8..11).is_none() && slice.get(10).is_none());
///
/// let mut back = [0; 4];
/// let slice = UserConstSlice::from(head);
/// assert_eq!((slice.read_into(&mut back)?, back), (2, [1, 2, 0, 0]));
/// head.fill_bytes(0xff)?;
/// assert_eq!(head.as_ptr().read()?, u32::MAX);
///
/// // The address has been checked, the memory has not.
/// assert!(UserPtr::<u8>::from(usize::MAX).slice(2).is_err());
/// assert_eq!(UserPtr::<u8>::from(page).slice(5000)?.read_into(&mut [0; 5000]).unwrap_err().done, 4096);
/// # Ok::<(), axptr::Fault>(())
/// ```
pub struct UserSlice<T, C = Normal> {
    start: UserPtr<T, C>,
    len: usize,
}

/// `len` elements of user memory that the kernel may only read. Made by [`UserConstPtr::slice`].
pub struct UserConstSlice<T, C = Normal> {
    start: UserConstPtr<T, C>,
    len: usize,
}

/// Implements what both slices have.
macro_rules! impl_slice {
    ($slice:ident, $pointer:ident, $access:expr) => {
        impl<T, C: Context> $pointer<T, C> {
            /// Returns the `len` elements from here on, proved to lie in the user half.
            ///
            /// # Errors
            ///
            /// Returns [`FaultKind::OutOfRange`](crate::FaultKind::OutOfRange) if they do not lie there, or if their
            /// size overflows. Returns [`FaultKind::NotSetUp`](crate::FaultKind::NotSetUp) if there is no user half
            /// yet.
            #[inline]
            pub fn slice(self, len: usize) -> Result<$slice<T, C>, Fault> {
                let bytes = len.checked_mul(size_of::<T>());
                // NOTE: the only constructor of a slice that is not a part of another slice.
                match bytes.and_then(|bytes| UserRange::new(self.addr(), bytes)) {
                    Some(_) => Ok($slice { start: self, len }),
                    None => Err(Fault::out_of_range(self.addr(), $access)),
                }
            }
        }

        impl<T, C: Context> $slice<T, C> {
            /// Returns the number of elements.
            #[inline]
            #[must_use]
            pub const fn len(&self) -> usize {
                self.len
            }

            /// Returns whether there is no element.
            #[inline]
            #[must_use]
            pub const fn is_empty(&self) -> bool {
                self.len == 0
            }

            /// Returns a pointer to the first element. If there is none, it points to where the first would be.
            #[inline]
            #[must_use]
            pub const fn as_ptr(&self) -> $pointer<T, C> {
                self.start
            }

            /// Returns the range of the bytes of all elements.
            #[inline]
            #[must_use]
            pub fn bytes(&self) -> UserRange {
                // No overflow: the constructor has checked the product.
                UserRange::checked_before(self.start.addr(), self.len * size_of::<T>())
            }

            /// Returns a pointer to the element at `index`, or `None` if there is none.
            #[inline]
            #[must_use]
            pub fn get(&self, index: usize) -> Option<$pointer<T, C>> {
                (index < self.len).then(|| self.start.add(index))
            }

            /// Returns the elements of `range`, or `None` if they do not lie inside.
            #[inline]
            #[must_use]
            pub fn part(&self, range: Range<usize>) -> Option<Self> {
                let len = range.end.checked_sub(range.start)?;
                (range.end <= self.len).then(|| Self { start: self.start.add(range.start), len })
            }

            /// Returns the first `mid` elements and the others, or `None` if there are fewer than `mid`.
            #[inline]
            #[must_use]
            pub fn split_at(&self, mid: usize) -> Option<(Self, Self)> {
                Some((self.part(0..mid)?, self.part(mid..self.len)?))
            }
        }

        impl<T: AnyBitPattern, C: Context> $slice<T, C> {
            /// Reads elements into `buf`, as many as both have. Returns the number of elements read.
            ///
            /// # Errors
            ///
            /// Fails if a byte is not readable. Then the first `fault.done` *bytes* of `buf` hold the bytes before
            /// the fault, and the rest is unchanged.
            #[inline]
            pub fn read_into(&self, buf: &mut [T]) -> Result<usize, Fault> {
                let count = self.len.min(buf.len());
                self.start.read_slice(&mut buf[..count])?;
                Ok(count)
            }
        }

        impl<T, C: Context> $slice<T, C> {
            /// Returns whether all bytes of all elements are 0. Stops at the first byte that is not.
            ///
            /// # Errors
            ///
            /// Fails if a byte is not readable and all bytes before it are 0.
            pub fn is_zeroed(&self) -> Result<bool, Fault> {
                compare::is_zeroed::<C>(self.bytes())
            }
        }

        impl<T: NoUninit, C: Context> $slice<T, C> {
            /// Compares the elements with `values`, as many as both have.
            ///
            /// Returns the index of the first *byte* that differs, or `None` if all are equal.
            ///
            /// # Errors
            ///
            /// Fails if a byte before the first difference is not readable.
            pub fn compare(&self, values: &[T]) -> Result<Option<usize>, Fault> {
                let count = self.len.min(values.len());
                compare::compare::<C>(self.start.addr(), bytemuck::cast_slice(&values[..count]))
            }
        }

        // By hand: derives would demand the traits of `T`, too.
        impl<T, C> Clone for $slice<T, C> {
            fn clone(&self) -> Self {
                *self
            }
        }

        impl<T, C> Copy for $slice<T, C> {}

        impl<T, C> fmt::Debug for $slice<T, C> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($slice))
                    .field("start", &self.start)
                    .field("len", &self.len)
                    .finish()
            }
        }
    };
}

impl_slice!(UserSlice, UserPtr, Access::Write);
impl_slice!(UserConstSlice, UserConstPtr, Access::Read);

impl<T: NoUninit, C: Context> UserSlice<T, C> {
    /// Writes elements from `values`, as many as both have. Returns the number of elements written.
    ///
    /// # Errors
    ///
    /// Fails if a byte is not writable. Then the first `fault.done` *bytes* have been written, and no byte after
    /// them.
    #[inline]
    pub fn write_from(&self, values: &[T]) -> Result<usize, Fault> {
        let count = self.len.min(values.len());
        self.start.write_slice(&values[..count])?;
        Ok(count)
    }
}

impl<T, C: Context> UserSlice<T, C> {
    /// Fills all bytes of all elements with `byte`.
    ///
    /// # Errors
    ///
    /// Fails as [`write_from`](Self::write_from) does.
    #[inline]
    pub fn fill_bytes(&self, byte: u8) -> Result<(), Fault> {
        copy::fill::<C>(self.start.addr(), byte, self.len * size_of::<T>())
    }
}

impl<T, C> From<UserSlice<T, C>> for UserConstSlice<T, C> {
    fn from(slice: UserSlice<T, C>) -> Self {
        Self { start: slice.start.into(), len: slice.len }
    }
}
