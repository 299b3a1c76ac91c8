// SPDX-License-Identifier: MIT OR Apache-2.0
//! Copies and fills bytes of user memory: the functions for a syscall.
//!
//! Each function checks that the range lies in the user half, masks the address, and copies. It walks no page table.
//! If a page is missing, the access faults and the pager runs. If the pager has no page either, the function returns
//! a [`Fault`].
//!
//! A length of 0 succeeds at any address, and accesses nothing. (Linux answers EFAULT for an address of the kernel half.)
//!
//! An access of exactly 2, 4 or 8 bytes, at a user address aligned to that size, is one instruction. (In a copy
//! within user memory, both addresses must be aligned.) So no other CPU sees, or leaves, half of such a value. The
//! routines access longer ranges in pieces. They access each byte once, or twice where two pieces overlap.

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
/// If a page is missing, the pager runs, and the call may wait for it. Where a call must not wait, use
/// [`nofault::copy_from_user`](crate::nofault::copy_from_user). A copy of exactly 2, 4 or 8 bytes from an address
/// aligned to that size is one access: no other CPU's write tears it.
///
/// # Errors
///
/// Fails if a byte is not readable, or if the range is not in the user half. Then `dst[..fault.done]` holds the bytes
/// before the fault, and the rest of `dst` is unchanged.
///
/// ```
/// # unsafe { axptr::hosted::install() }.unwrap();
/// # let page = unsafe { libc::mmap(core::ptr::null_mut(), 8192, 3, 0x22, -1, 0) }.addr();
/// # unsafe { libc::munmap(core::ptr::without_provenance_mut(page + 4096), 4096) };
/// use axptr::{Fault, copy_from_user};
///
/// /// Reads the header of a message that a program sends.
/// fn read_header(message: usize) -> Result<[u8; 6], Fault> {
///     let mut header = [0; 6];
///     copy_from_user(&mut header, message)?;
///     Ok(header)
/// }
///
/// // `page` is 4096 bytes of user memory. No page follows it.
/// axptr::copy_to_user(page, b"header, body")?;
/// assert_eq!(read_header(page)?, *b"header");
///
/// // Only the first 2 bytes of this range are mapped.
/// let mut bytes = *b"......";
/// let fault = copy_from_user(&mut bytes, page + 4094).unwrap_err();
/// assert_eq!((fault.done, fault.addr), (2, page + 4096));
/// assert_eq!(bytes, *b"\0\0....");
/// # Ok::<(), Fault>(())
/// ```
#[inline]
pub fn copy_from_user(dst: &mut [u8], src: usize) -> Result<(), Fault> {
    // SAFETY: (1) the slice is valid for writes of its length.
    unsafe { read_bytes::<Normal>(dst.as_mut_ptr(), src, dst.len()) }
}

/// Copies as [`copy_from_user`] does, and zeroes the bytes that it could not read.
///
/// Use it for a buffer that you pass on after a fault, too.
///
/// # Errors
///
/// Fails as [`copy_from_user`] does, but `dst[fault.done..]` is zero. None of the former contents of `dst` remain.
#[inline]
pub fn copy_from_user_zeroing(dst: &mut [u8], src: usize) -> Result<(), Fault> {
    copy_from_user(dst, src).inspect_err(|fault| dst[fault.done..].fill(0))
}

/// Copies `dst.len()` bytes from user address `src` into uninitialised memory, and returns that memory as
/// initialised.
///
/// # Errors
///
/// Fails as [`copy_from_user`] does.
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
/// Fails if a byte is not writable, or if the range is not in the user half. Then the first `fault.done` bytes have
/// been written, and no byte after them.
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
/// This is not `memmove`: if the ranges overlap, the bytes of `dst` are unspecified. For those there is
/// [`move_in_user`](crate::move_in_user).
///
/// # Errors
///
/// Fails if a byte of `src` is not readable, or a byte of `dst` is not writable. Also fails if a range is not in the
/// user half. Then the first `fault.done` bytes have been written, and no byte after them. [`Fault::access`] tells
/// which side failed. If the trap handler gave no cause, it may say "read" although a write failed.
#[inline]
pub fn copy_in_user(dst: usize, src: usize, len: usize) -> Result<(), Fault> {
    copy_inside::<Normal>(dst, src, len)
}

/// Fills `len` bytes at user address `dst` with `byte`.
///
/// # Errors
///
/// Fails as [`copy_to_user`] does.
#[inline]
#[doc(alias = "clear_user")]
pub fn fill_user(dst: usize, byte: u8, len: usize) -> Result<(), Fault> {
    fill::<Normal>(dst, byte, len)
}

/// Does [`copy_in_user`] in the context `C`.
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

/// Does [`fill_user`] in the context `C`.
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

/// Does [`copy_to_user`] in the context `C`.
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
