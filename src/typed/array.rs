// SPDX-License-Identifier: MIT OR Apache-2.0
//! Reads arrays in user memory that end with a zero element, as `argv` and `envp` do.
//!
//! An element may have any size and alignment. An element whose bytes are all 0 ends the array. Each element is read
//! once, and none after the terminator. No page is touched in which no byte is needed.

use core::{mem::MaybeUninit, slice};

use crate::{
    access::{context::Context, copy, error::Fault, pod::AnyBitPattern, single},
    typed::{
        cstr::StringError,
        ptr::{UserConstPtr, UserPtr},
    },
};

/// The most that an array may have, including its terminator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// A number of elements.
    Elements(usize),
    /// A number of bytes. A part of an element does not count.
    Bytes(usize),
}

impl Limit {
    #[cfg_attr(not(feature = "alloc"), expect(dead_code, reason = "a buffer is its own limit"))]
    const fn elements<T>(self) -> usize {
        match self {
            Self::Elements(count) => count,
            Self::Bytes(count) => match count.checked_div(size_of::<T>()) {
                Some(count) => count,
                None => usize::MAX,
            },
        }
    }
}

impl<T: AnyBitPattern, C: Context> UserConstPtr<T, C> {
    /// Reads elements into `buf`, up to and including the first that is zero.
    ///
    /// Returns the number of elements before it.
    ///
    /// The rest of `buf` is unchanged.
    ///
    /// # Errors
    ///
    /// Returns [`StringError::TooLong`] if `buf` has no room for the terminator. Then all of `buf` holds what was
    /// read.
    ///
    /// Returns [`StringError::Fault`] if a byte before the terminator is not readable. Then `buf` begins with the
    /// whole elements of the first `fault.done` bytes.
    ///
    /// ```
    /// # unsafe { axptr::hosted::install() }.unwrap();
    /// # static ARGV: [usize; 3] = [0x1000, 0x2000, 0];
    /// # let addr = ARGV.as_ptr().addr();
    /// use axptr::{UserConstPtr, cstr::StringError};
    ///
    /// let argv = UserConstPtr::<usize>::from(addr);
    /// let mut buf = [usize::MAX; 4];
    /// assert_eq!(argv.read_until_zero(&mut buf)?, 2);
    /// assert_eq!(buf, [0x1000, 0x2000, 0, usize::MAX]);
    /// assert_eq!(argv.read_until_zero(&mut buf[..2]), Err(StringError::TooLong));
    /// # Ok::<(), StringError>(())
    /// ```
    pub fn read_until_zero(self, buf: &mut [T]) -> Result<usize, StringError> {
        for (index, slot) in buf.iter_mut().enumerate() {
            let (value, is_zero) = self.element(index)?;
            *slot = value;
            if is_zero {
                return Ok(index);
            }
        }
        Err(StringError::TooLong)
    }

    /// Returns the element at `index`, and whether all its bytes are 0. A fault counts from the start of the array.
    fn element(self, index: usize) -> Result<(T, bool), Fault> {
        let addr = self.add(index).addr();
        let element = if single::is_single::<T>() {
            single::read_bits::<T, C>(addr).map(|bits| {
                let unused = u64::BITS - u8::BITS * size_of::<T>() as u32;
                (single::from_bits(bits), bits << unused == 0)
            })
        } else {
            read_large::<T, C>(addr)
        };
        // No overflow: an element at such an address fails before this.
        element.map_err(|fault| fault.after(index.saturating_mul(size_of::<T>())))
    }
}

impl<T: AnyBitPattern, C: Context> UserPtr<T, C> {
    /// Does [`UserConstPtr::read_until_zero`].
    ///
    /// # Errors
    ///
    /// Fails as that method does.
    pub fn read_until_zero(self, buf: &mut [T]) -> Result<usize, StringError> {
        UserConstPtr::from(self).read_until_zero(buf)
    }
}

/// Reads a value that no single instruction reads, and returns whether all its bytes are 0.
fn read_large<T: AnyBitPattern, C: Context>(addr: usize) -> Result<(T, bool), Fault> {
    let mut value = MaybeUninit::<T>::uninit();
    let start = value.as_mut_ptr().cast::<u8>();
    // SAFETY: (1) `value` is as large as a `T`.
    unsafe { copy::read_bytes::<C>(start, addr, size_of::<T>()) }?;
    // SAFETY: the line above wrote every byte, padding included.
    let bytes = unsafe { slice::from_raw_parts(start, size_of::<T>()) };
    let is_zero = bytes.iter().all(|&byte| byte == 0);
    // SAFETY: as above, and a `T` may be any bytes.
    Ok((unsafe { value.assume_init() }, is_zero))
}

#[cfg(feature = "alloc")]
mod owned {
    use alloc::vec::Vec;

    use super::Limit;
    use crate::{
        access::{context::Context, pod::AnyBitPattern},
        typed::{
            cstr::StringError,
            ptr::{UserConstPtr, UserPtr},
        },
    };

    impl<T: AnyBitPattern, C: Context> UserConstPtr<T, C> {
        /// Reads the elements before the first that is zero into a new vector (feature `alloc`).
        ///
        /// The vector grows with what has been read, not with the limit.
        ///
        /// # Errors
        ///
        /// - [`StringError::TooLong`]: there is no terminator within `limit`.
        /// - [`StringError::Fault`]: a byte before the terminator is not readable.
        /// - [`StringError::NoMemory`]: the heap is exhausted.
        pub fn to_vec_until_zero(self, limit: Limit) -> Result<Vec<T>, StringError> {
            let mut values = Vec::new();
            self.append_until_zero(&mut values, limit)?;
            // A kernel keeps many short ones.
            values.shrink_to_fit();
            Ok(values)
        }

        /// Appends the elements before the first that is zero to `values` (feature `alloc`).
        ///
        /// Returns the number of elements appended.
        ///
        /// # Errors
        ///
        /// Fails as [`to_vec_until_zero`](Self::to_vec_until_zero) does, but keeps what was read in `values`: all of
        /// it, or the whole elements of `fault.done` bytes.
        pub fn append_until_zero(self, values: &mut Vec<T>, limit: Limit) -> Result<usize, StringError> {
            for index in 0..limit.elements::<T>() {
                let (value, is_zero) = self.element(index)?;
                if is_zero {
                    return Ok(index);
                }
                values.try_reserve(1).map_err(|_| StringError::NoMemory)?;
                values.push(value);
            }
            Err(StringError::TooLong)
        }
    }

    impl<T: AnyBitPattern, C: Context> UserPtr<T, C> {
        /// Does [`UserConstPtr::to_vec_until_zero`].
        ///
        /// # Errors
        ///
        /// Fails as that method does.
        pub fn to_vec_until_zero(self, limit: Limit) -> Result<Vec<T>, StringError> {
            UserConstPtr::from(self).to_vec_until_zero(limit)
        }

        /// Does [`UserConstPtr::append_until_zero`].
        ///
        /// # Errors
        ///
        /// Fails as that method does.
        pub fn append_until_zero(self, values: &mut Vec<T>, limit: Limit) -> Result<usize, StringError> {
            UserConstPtr::from(self).append_until_zero(values, limit)
        }
    }
}
