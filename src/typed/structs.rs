// SPDX-License-Identifier: MIT OR Apache-2.0
//! Structs whose size may differ between user space and the kernel.
//!
//! An extensible syscall takes a struct and its size. An old program passes a smaller struct: the fields that it does
//! not know count as zero. A new program on an old kernel passes a larger one: the kernel accepts it if the bytes
//! that it does not know *are* zero.
//!
//! ```
//! # unsafe { axptr::hosted::install() }.unwrap();
//! # let page = unsafe { libc::mmap(core::ptr::null_mut(), 8192, 3, 0x22, -1, 0) }.addr();
//! # unsafe { libc::munmap(core::ptr::without_provenance_mut(page + 4096), 4096) };
//! use axptr::{Fit, UserPtr, UserRange, structs::{self, StructError}};
//!
//! type Options = [u32; 2]; // what this kernel knows
//! let user = UserPtr::<Options>::from(page);
//! UserPtr::<u32>::from(page).write_slice(&[1, 2, 0])?;
//! assert_eq!(structs::read_struct(user.into(), 4), Ok([1, 0])); // an old program
//! assert_eq!(structs::read_struct(user.into(), 12), Ok([1, 2])); // a new one that uses nothing new
//! UserPtr::<u32>::from(page).add(2).write(9)?;
//! assert_eq!(structs::read_struct(user.into(), 12), Err(StructError::TooBig));
//!
//! assert_eq!(structs::write_struct(user, 4, &[3, 4]), Ok(Fit::CutOff)); // 4 is missing
//! assert_eq!(structs::write_struct(user, 12, &[3, 4]), Ok(Fit::Whole));
//! assert!(structs::is_zeroed(UserRange::new(page + 8, 100).unwrap())?);
//! # Ok::<(), axptr::Fault>(())
//! ```

use core::{fmt, mem::MaybeUninit};

use crate::{
    access::{
        compare,
        context::{Context, Normal},
        copy, errno,
        error::Fault,
        fit::Fit,
        pod::{AnyBitPattern, NoUninit},
        range::UserRange,
    },
    extable::cause::Access,
    typed::ptr::{UserConstPtr, UserPtr},
};

/// The largest size that user space may claim, in bytes: a page, as for the extensible structs of Linux. A larger
/// struct of the kernel's own raises it to its size.
pub const MAX_STRUCT_SIZE: usize = 4096;

/// Why an extensible struct was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StructError {
    /// User space passed non-zero bytes that the kernel does not know, or a size above [`MAX_STRUCT_SIZE`].
    TooBig,
    /// A byte could not be accessed.
    Fault(Fault),
}

impl fmt::Display for StructError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooBig => f.write_str("the user struct holds what the kernel does not know"),
            Self::Fault(fault) => fault.fmt(f),
        }
    }
}

impl core::error::Error for StructError {}

impl From<Fault> for StructError {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl StructError {
    /// Returns the error number for a syscall.
    #[must_use]
    pub const fn errno(&self) -> i32 {
        match self {
            Self::TooBig => errno::E2BIG,
            Self::Fault(fault) => fault.errno(),
        }
    }
}

errno::conversions!(StructError);

/// Reads a struct of `user_size` bytes, the size that user space passed.
///
/// There is no least size: of 0 bytes the result is all zero. A syscall whose struct has one checks it before (Linux
/// answers EINVAL).
///
/// Bytes that user space does not have are zero in the result. Bytes that the kernel does not know must be zero in
/// user memory. Each byte is read once, in ascending order.
///
/// # Errors
///
/// Returns [`StructError::TooBig`] if a byte that the kernel does not know is not zero, or if `user_size` is above
/// [`MAX_STRUCT_SIZE`]. Returns [`StructError::Fault`] if a byte is not readable.
#[doc(alias = "copy_struct_from_user")]
pub fn read_struct<T: AnyBitPattern>(src: UserConstPtr<T>, user_size: usize) -> Result<T, StructError> {
    src.read_struct(user_size)
}

impl<T: AnyBitPattern, C: Context> UserConstPtr<T, C> {
    /// Reads a struct of `user_size` bytes, the size that user space passed: see
    /// [`read_struct`](crate::structs::read_struct).
    ///
    /// # Errors
    ///
    /// Fails as that function does.
    pub fn read_struct(self, user_size: usize) -> Result<T, StructError> {
        let kernel_size = size_of::<T>();
        if user_size > MAX_STRUCT_SIZE.max(kernel_size) {
            return Err(StructError::TooBig);
        }
        let all = Fault::range(self.addr(), user_size, Access::Read)?;
        let (known, unknown) = all.split_at(kernel_size);
        let mut value = MaybeUninit::<T>::zeroed();
        // SAFETY: (1) at most as many bytes as a `T` has.
        unsafe { copy::read_range::<C>(value.as_mut_ptr().cast(), known) }?;
        if !compare::is_zeroed::<C>(unknown).map_err(|fault| fault.after(known.len()))? {
            return Err(StructError::TooBig);
        }
        // SAFETY: zeroed before, and a `T` may be any bytes.
        Ok(unsafe { value.assume_init() })
    }
}

/// Writes a struct to `user_size` bytes of room, the size that user space passed.
///
/// Room after the kernel's struct is filled with zeros. [`Fit::CutOff`] says that user space did not get everything:
/// `user_size` cut off bytes that are not zero.
///
/// # Errors
///
/// Returns [`StructError::TooBig`] if `user_size` is above [`MAX_STRUCT_SIZE`]. Returns [`StructError::Fault`] if a
/// byte is not writable. Then the first `fault.done` bytes have been written, and no byte after them.
#[doc(alias = "copy_struct_to_user")]
pub fn write_struct<T: NoUninit>(dst: UserPtr<T>, user_size: usize, value: &T) -> Result<Fit, StructError> {
    dst.write_struct(user_size, value)
}

impl<T: NoUninit, C: Context> UserPtr<T, C> {
    /// Writes a struct to `user_size` bytes of room, the size that user space passed: see
    /// [`write_struct`](crate::structs::write_struct).
    ///
    /// # Errors
    ///
    /// Fails as that function does.
    pub fn write_struct(self, user_size: usize, value: &T) -> Result<Fit, StructError> {
        let known = bytemuck::bytes_of(value);
        if user_size > MAX_STRUCT_SIZE.max(known.len()) {
            return Err(StructError::TooBig);
        }
        let all = Fault::range(self.addr(), user_size, Access::Write)?;
        let (sent, cut_off) = known.split_at(user_size.min(known.len()));
        copy::write_bytes::<C>(self.addr(), sent)?;
        let (_, tail) = all.split_at(sent.len());
        copy::fill::<C>(tail.start(), 0, tail.len()).map_err(|fault| fault.after(sent.len()))?;
        Ok(if cut_off.iter().all(|&byte| byte == 0) { Fit::Whole } else { Fit::CutOff })
    }
}

/// Returns whether all bytes of a user range are zero. Stops at the first byte that is not.
///
/// # Errors
///
/// Fails if a byte is not readable and all bytes before it are zero. Those are `fault.done` bytes.
#[doc(alias = "check_zeroed_user")]
pub fn is_zeroed(range: UserRange) -> Result<bool, Fault> {
    compare::is_zeroed::<Normal>(range)
}
