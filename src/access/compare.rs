// SPDX-License-Identifier: MIT OR Apache-2.0
//! Compares user memory with kernel memory, or with zero.
//!
//! Each user byte is copied out once, in pieces. The comparison looks only at the copy.

use crate::{
    access::{
        context::{Context, Normal},
        copy,
        error::Fault,
        range::UserRange,
    },
    extable::cause::Access,
};

/// The number of bytes that are copied out and compared at a time.
const PIECE: usize = 128;

/// Compares the bytes at user address `user` with `kernel`.
///
/// Returns the index of the first byte that differs, or `None` if all are equal.
///
/// It may have read bytes after the first difference.
///
/// # Errors
///
/// Fails if a byte before the first difference is not readable. Then the first `fault.done` bytes are equal.
///
/// ```
/// # unsafe { axptr::hosted::install() }.unwrap();
/// # let page = unsafe { libc::mmap(core::ptr::null_mut(), 8192, 3, 0x22, -1, 0) }.addr();
/// # unsafe { libc::munmap(core::ptr::without_provenance_mut(page + 4096), 4096) };
/// use axptr::{UserConstPtr, compare_user, copy_to_user};
///
/// copy_to_user(page + 4088, b"as it is")?;
/// assert_eq!(compare_user(page + 4088, b"as it is")?, None);
/// assert_eq!(compare_user(page + 4088, b"as it was, and more")?, Some(6));
/// assert_eq!(compare_user(page + 4088, b"as it is, and more").unwrap_err().done, 8);
///
/// assert!(UserConstPtr::<u64>::from(page).slice(511)?.is_zeroed()?);
/// assert!(!UserConstPtr::<u64>::from(page).slice(512)?.is_zeroed()?);
/// # Ok::<(), axptr::Fault>(())
/// ```
#[doc(alias = "memcmp")]
pub fn compare_user(user: usize, kernel: &[u8]) -> Result<Option<usize>, Fault> {
    compare::<Normal>(user, kernel)
}

/// Does [`compare_user`] in the context `C`.
pub(crate) fn compare<C: Context>(user: usize, kernel: &[u8]) -> Result<Option<usize>, Fault> {
    let range = Fault::range(user, kernel.len(), Access::Read)?;
    first_difference::<C>(range, Some(kernel))
}

/// Says whether all bytes of `range` are 0.
#[inline]
pub(crate) fn is_zeroed<C: Context>(range: UserRange) -> Result<bool, Fault> {
    Ok(first_difference::<C>(range, None)?.is_none())
}

/// Returns the index of the first byte of `range` that differs from `expected`, which is as long as the range. `None`
/// stands for zeros.
///
/// A difference in the bytes before a fault wins over the fault.
fn first_difference<C: Context>(range: UserRange, expected: Option<&[u8]>) -> Result<Option<usize>, Fault> {
    let mut rest = range;
    let mut done = 0;
    while !rest.is_empty() {
        let (now, later) = rest.split_at(PIECE);
        let mut piece = [0; PIECE];
        // SAFETY: (1) `now` has at most as many bytes as `piece`.
        let outcome = unsafe { copy::read_range::<C>(piece.as_mut_ptr(), now) };
        let readable = outcome.map_or_else(|fault| fault.done, |()| now.len());
        let expected = expected.map_or(&[0; PIECE][..], |bytes| &bytes[done..]);
        if let Some(index) = different(&piece[..readable], &expected[..readable]) {
            return Ok(Some(done + index));
        }
        outcome.map_err(|fault| fault.after(done))?;
        done += now.len();
        rest = later;
    }
    Ok(None)
}

/// Returns the index of the first byte that differs in two slices of the same length.
fn different(left: &[u8], right: &[u8]) -> Option<usize> {
    // Most pieces are equal. The library's comparison shows that faster: it looks at more than one byte at a time.
    if left == right { None } else { left.iter().zip(right).position(|(left, right)| left != right) }
}
