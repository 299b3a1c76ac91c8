// SPDX-License-Identifier: MIT OR Apache-2.0
//! Bytes in, bytes out: the functions that a system call uses.
//!
//! Each checks that the range lies in the user half, masks the address, and copies. No page table is
//! walked: a page that is missing is the pager's business, and if it has none, the answer is a [`Fault`].
//!
//! Exactly 2, 4 or 8 bytes at a user address that is aligned to so many are one access (in a copy within user memory, if
//! both sides are): no other CPU sees or leaves half of such a value. Longer ranges are accessed in pieces, each byte once
//! or, where two pieces meet, twice.

use core::{mem::MaybeUninit, slice};

use crate::{
    access::{
        context::{Context, Normal},
        error::Fault,
        range::UserRange,
    },
    extable::cause::Access,
};

/// Copies `dst.len()` bytes from user address `src` into `dst`.
///
/// # Errors
///
/// Fails if a byte is not readable, or the range is not in the user half. Then `dst[..fault.done]` holds
/// what came before that byte and the rest of `dst` is unchanged.
#[inline]
pub fn copy_from_user(dst: &mut [u8], src: usize) -> Result<(), Fault> {
    // SAFETY: (1) the slice is valid for writes of its length.
    unsafe { read_bytes::<Normal>(dst.as_mut_ptr(), src, dst.len()) }
}

/// [`copy_from_user`] for a buffer that goes on to somebody else: where nothing could be read, it becomes zero.
///
/// # Errors
///
/// As [`copy_from_user`], but `dst[fault.done..]` is zero: nothing of what was in `dst` before remains.
#[inline]
pub fn copy_from_user_zeroing(dst: &mut [u8], src: usize) -> Result<(), Fault> {
    copy_from_user(dst, src).inspect_err(|fault| dst[fault.done..].fill(0))
}

/// Copies `dst.len()` bytes from user address `src` into memory that need not be initialised, and returns
/// it as initialised.
///
/// # Errors
///
/// As [`copy_from_user`].
#[inline]
pub fn copy_from_user_uninit(dst: &mut [MaybeUninit<u8>], src: usize) -> Result<&mut [u8], Fault> {
    let start = dst.as_mut_ptr().cast::<u8>();
    // SAFETY: (1) the slice is valid for writes of its length.
    unsafe { read_bytes::<Normal>(start, src, dst.len()) }?;
    // SAFETY: the line above wrote every byte of the slice, which stays borrowed.
    Ok(unsafe { slice::from_raw_parts_mut(start, dst.len()) })
}

/// Copies all of `src` to user address `dst`.
///
/// # Errors
///
/// Fails if a byte is not writable, or the range is not in the user half. Then the first `fault.done` bytes
/// have been written and none behind them.
///
/// ```
/// # unsafe { axptr::hosted::install() }.unwrap();
/// # let page = unsafe { libc::mmap(core::ptr::null_mut(), 8192, 3, 0x22, -1, 0) }.addr();
/// # unsafe { libc::munmap(core::ptr::without_provenance_mut(page + 4096), 4096) };
/// use core::mem::MaybeUninit;
///
/// axptr::copy_to_user(page, b"user memory")?;
/// axptr::copy_in_user(page + 100, page, 4)?;
/// axptr::fill_user(page + 4, b'!', 3)?;
/// let mut bytes = [MaybeUninit::uninit(); 11];
/// assert_eq!(axptr::copy_from_user_uninit(&mut bytes, page)?, b"user!!!mory");
///
/// let mut bytes = *b"........";
/// let fault = axptr::copy_from_user(&mut bytes, page + 4093).unwrap_err();
/// assert_eq!((fault.done, &bytes), (3, b"\0\0\0....."));
/// axptr::copy_from_user_zeroing(&mut bytes, page + 4096).unwrap_err();
/// assert_eq!(bytes, [0; 8]);
/// # Ok::<(), axptr::Fault>(())
/// ```
#[inline]
pub fn copy_to_user(dst: usize, src: &[u8]) -> Result<(), Fault> {
    write_bytes::<Normal>(dst, src)
}

/// Copies `len` bytes from user address `src` to user address `dst`.
///
/// Not `memmove`: if the ranges overlap, the bytes of `dst` are unspecified.
///
/// # Errors
///
/// Fails if a byte of `src` is not readable or one of `dst` not writable ([`Fault::access`] tells which; if the
/// trap handler gave no cause, it may say "read" of a write). Then the first `fault.done` bytes have been
/// written and none behind them.
#[inline]
pub fn copy_in_user(dst: usize, src: usize, len: usize) -> Result<(), Fault> {
    copy_inside::<Normal>(dst, src, len)
}

/// Fills `len` bytes at user address `dst` with `byte`.
///
/// # Errors
///
/// As [`copy_to_user`].
#[inline]
#[doc(alias = "clear_user")]
pub fn fill_user(dst: usize, byte: u8, len: usize) -> Result<(), Fault> {
    fill::<Normal>(dst, byte, len)
}

/// [`copy_in_user`] in a context.
#[inline]
pub(crate) fn copy_inside<C: Context>(dst: usize, src: usize, len: usize) -> Result<(), Fault> {
    let Some((_, from)) = UserRange::confined(src, len) else {
        return Err(Fault::out_of_range(src, Access::Read));
    };
    let Some((_, to)) = UserRange::confined(dst, len) else {
        return Err(Fault::out_of_range(dst, Access::Write));
    };
    // SAFETY: (1) both ranges lie in the user half, which holds no kernel memory.
    let outcome = unsafe { C::copy_in_user(to, from, len) };
    let access = outcome.access().unwrap_or(Access::Read);
    let start = match access {
        Access::Read => src,
        Access::Write => dst,
    };
    Fault::check(outcome, start, len, access)
}

/// [`fill_user`] in a context.
#[inline]
pub(crate) fn fill<C: Context>(dst: usize, byte: u8, len: usize) -> Result<(), Fault> {
    let Some((_, start)) = UserRange::confined(dst, len) else {
        return Err(Fault::out_of_range(dst, Access::Write));
    };
    // SAFETY: (1) the range lies in the user half, which holds no kernel memory.
    let outcome = unsafe { C::fill_user(start, byte, len) };
    Fault::check(outcome, dst, len, Access::Write)
}

/// Copies `len` bytes from user address `src` to `dst`.
///
/// # Safety
///
/// 1. `dst` is valid for writes of `len` bytes.
#[inline]
pub(crate) unsafe fn read_bytes<C: Context>(dst: *mut u8, src: usize, len: usize) -> Result<(), Fault> {
    let Some((_, start)) = UserRange::confined(src, len) else {
        return Err(Fault::out_of_range(src, Access::Read));
    };
    // SAFETY: (1) is ours; (2) the range lies in the user half, which holds no kernel memory.
    let outcome = unsafe { C::copy_from_user(dst, start, len) };
    Fault::check(outcome, src, len, Access::Read)
}

/// Copies all bytes of `range` to `dst`.
///
/// # Safety
///
/// 1. `dst` is valid for writes of `range.len()` bytes.
#[inline]
pub(crate) unsafe fn read_range<C: Context>(dst: *mut u8, range: UserRange) -> Result<(), Fault> {
    // SAFETY: (1) is ours.
    unsafe { read_bytes::<C>(dst, range.start(), range.len()) }
}

/// [`copy_to_user`] in a context.
#[inline]
pub(crate) fn write_bytes<C: Context>(dst: usize, src: &[u8]) -> Result<(), Fault> {
    let len = src.len();
    let Some((_, start)) = UserRange::confined(dst, len) else {
        return Err(Fault::out_of_range(dst, Access::Write));
    };
    // SAFETY: (1) the slice is valid for reads of its length, and initialised; (2) the range lies in the user half,
    // which holds no kernel memory.
    let outcome = unsafe { C::copy_to_user(start, src.as_ptr(), len) };
    Fault::check(outcome, dst, len, Access::Write)
}
