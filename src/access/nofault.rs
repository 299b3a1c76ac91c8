// SPDX-License-Identifier: MIT OR Apache-2.0
//! Copies and fills bytes where the pager must not run: in interrupts, under spinlocks, in NMI context.
//!
//! A page that is not present is a [`Fault`] at once. Values, arrays, strings and atomics need no functions with
//! other names: `ptr.nofault()` gives a pointer whose accesses never enter the pager (see
//! [`context`](crate::context)). To make pages present before you take the lock, see [`fault_in`](crate::fault_in).
//!
//! ```
//! # unsafe { axptr::hosted::install() }.unwrap();
//! # let page = unsafe { libc::mmap(core::ptr::null_mut(), 8192, 3, 0x22, -1, 0) }.addr();
//! # unsafe { libc::munmap(core::ptr::without_provenance_mut(page + 4096), 4096) };
//! use axptr::nofault;
//!
//! nofault::copy_to_user(page, b"bytes")?;
//! nofault::copy_in_user(page + 5, page, 5)?;
//! nofault::fill_user(page + 8, b'.', 2)?;
//! let mut back = [0; 10];
//! nofault::copy_from_user(&mut back, page)?;
//! assert_eq!(&back, b"bytesbyt..");
//! # Ok::<(), axptr::Fault>(())
//! ```

use crate::access::{context::NoFault, copy, error::Fault, overlap};

/// Does [`copy_from_user`](crate::copy_from_user) without the pager.
///
/// # Errors
///
/// Fails as that function does, and if a page is not present.
#[inline]
pub fn copy_from_user(dst: &mut [u8], src: usize) -> Result<(), Fault> {
    // SAFETY: (1) the slice is valid for writes of its length.
    unsafe { copy::read_bytes::<NoFault>(dst.as_mut_ptr(), src, dst.len()) }
}

/// Does [`copy_to_user`](crate::copy_to_user) without the pager.
///
/// # Errors
///
/// Fails as that function does, and if a page is not present.
#[inline]
pub fn copy_to_user(dst: usize, src: &[u8]) -> Result<(), Fault> {
    copy::write_bytes::<NoFault>(dst, src)
}

/// Does [`copy_in_user`](crate::copy_in_user) without the pager.
///
/// # Errors
///
/// Fails as that function does, and if a page is not present.
#[inline]
pub fn copy_in_user(dst: usize, src: usize, len: usize) -> Result<(), Fault> {
    copy::copy_inside::<NoFault>(dst, src, len)
}

/// Does [`move_in_user`](crate::move_in_user) without the pager.
///
/// # Errors
///
/// Fails as that function does, and if a page is not present.
#[inline]
pub fn move_in_user(dst: usize, src: usize, len: usize) -> Result<(), Fault> {
    overlap::move_inside::<NoFault>(dst, src, len)
}

/// Does [`fill_user`](crate::fill_user) without the pager.
///
/// # Errors
///
/// Fails as that function does, and if a page is not present.
#[inline]
pub fn fill_user(dst: usize, byte: u8, len: usize) -> Result<(), Fault> {
    copy::fill::<NoFault>(dst, byte, len)
}
