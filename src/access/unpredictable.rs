// SPDX-License-Identifier: MIT OR Apache-2.0
//! Copies for sizes that vary from call to call without a pattern: messages, keys, names.
//!
//! The ordinary copy branches by size. That is fastest while the CPU predicts the branches, as it does where sizes
//! repeat. A branch that is predicted wrongly costs more than many of the copies. The functions here avoid most
//! branches on CPUs where a string instruction starts fast enough (x86_64 with FSRM). On other CPUs they are the
//! ordinary copy. The results are the same.
//!
//! ```
//! # unsafe { axptr::hosted::install() }.unwrap();
//! # let page = unsafe { libc::mmap(core::ptr::null_mut(), 8192, 3, 0x22, -1, 0) }.addr();
//! # unsafe { libc::munmap(core::ptr::without_provenance_mut(page + 4096), 4096) };
//! use axptr::unpredictable;
//!
//! unpredictable::copy_to_user(page + 4000, b"a message of some size")?;
//! let mut message = [0; 100];
//! let fault = unpredictable::copy_from_user(&mut message, page + 4000).unwrap_err();
//! assert_eq!((fault.done, &message[..9]), (96, &b"a message"[..]));
//! # Ok::<(), axptr::Fault>(())
//! ```

use crate::{
    access::{error::Fault, range::UserRange, raw::unpredictable},
    extable::cause::Access,
};

/// Does [`copy_from_user`](crate::copy_from_user), for unpredictable sizes.
///
/// # Errors
///
/// Fails as that function does.
#[inline]
pub fn copy_from_user(dst: &mut [u8], src: usize) -> Result<(), Fault> {
    let len = dst.len();
    let Some((_, start)) = UserRange::confined(src, len) else {
        return Err(Fault::out_of_range(src, Access::Read));
    };
    // SAFETY: (1) the slice is valid for writes of its length; (2) the range lies in the user half, which holds no
    // kernel memory.
    let outcome = unsafe { unpredictable::copy_from_user(dst.as_mut_ptr(), start, len) };
    Fault::check(outcome, src, len, Access::Read)
}

/// Does [`copy_to_user`](crate::copy_to_user), for unpredictable sizes.
///
/// # Errors
///
/// Fails as that function does.
#[inline]
pub fn copy_to_user(dst: usize, src: &[u8]) -> Result<(), Fault> {
    let len = src.len();
    let Some((_, start)) = UserRange::confined(dst, len) else {
        return Err(Fault::out_of_range(dst, Access::Write));
    };
    // SAFETY: (1) the slice is valid for reads of its length, and initialised; (2) the range lies in the user half,
    // which holds no kernel memory.
    let outcome = unsafe { unpredictable::copy_to_user(start, src.as_ptr(), len) };
    Fault::check(outcome, dst, len, Access::Write)
}
