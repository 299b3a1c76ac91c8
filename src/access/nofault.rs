// SPDX-License-Identifier: MIT OR Apache-2.0
//! Bytes in, bytes out, where the pager must not run: interrupts, spinlocks, NMI.
//!
//! A page that is not present is a [`Fault`] at once. For values, arrays, strings and atomics there are no
//! functions of other names: `ptr.nofault()` gives a pointer all of whose accesses are so (see
//! [`context`](crate::context)). To have pages present before the lock is taken, see
//! [`fault_in`](crate::fault_in).
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

use crate::access::{context::NoFault, copy, error::Fault};

/// [`copy_from_user`](crate::copy_from_user) without the pager.
///
/// # Errors
///
/// As there, and if a page is not present.
#[inline]
pub fn copy_from_user(dst: &mut [u8], src: usize) -> Result<(), Fault> {
    // SAFETY: (1) the slice is valid for writes of its length.
    unsafe { copy::read_bytes::<NoFault>(dst.as_mut_ptr(), src, dst.len()) }
}

/// [`copy_to_user`](crate::copy_to_user) without the pager.
///
/// # Errors
///
/// As there, and if a page is not present.
#[inline]
pub fn copy_to_user(dst: usize, src: &[u8]) -> Result<(), Fault> {
    copy::write_bytes::<NoFault>(dst, src)
}

/// [`copy_in_user`](crate::copy_in_user) without the pager.
///
/// # Errors
///
/// As there, and if a page is not present.
#[inline]
pub fn copy_in_user(dst: usize, src: usize, len: usize) -> Result<(), Fault> {
    copy::copy_inside::<NoFault>(dst, src, len)
}

/// [`fill_user`](crate::fill_user) without the pager.
///
/// # Errors
///
/// As there, and if a page is not present.
#[inline]
pub fn fill_user(dst: usize, byte: u8, len: usize) -> Result<(), Fault> {
    copy::fill::<NoFault>(dst, byte, len)
}
