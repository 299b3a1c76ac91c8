// SPDX-License-Identifier: MIT OR Apache-2.0
//! Long transfers in chunks, as drivers do them.
//!
//! A copy of a megabyte holds its CPU for a while, and faults in it may hold others up. These functions give the
//! kernel a point between chunks at which it may schedule, poll for a signal, or stop.
//!
//! The kernel side must be normal memory: the routines may access it in any width and, after a fault, twice. For
//! device memory copy to a bounce buffer first and let the driver's own accessors move it on.

use core::{num::NonZeroUsize, ops::ControlFlow};

use crate::{copy, error::Fault};

/// Copies `dst.len()` bytes from user address `src` into `dst`, calling `between` with the bytes done after each
/// `chunk` of bytes but the last. Returns the bytes done: all, unless `between` breaks.
///
/// To resume after a break or a fault, pass `&mut dst[done..]` and `src + done`.
///
/// # Errors
///
/// As [`copy_from_user`](crate::copy_from_user), with `copied` counted from the start of the whole transfer.
pub fn copy_from_user_chunked(
    dst: &mut [u8],
    src: usize,
    chunk: NonZeroUsize,
    between: impl FnMut(usize) -> ControlFlow<()>,
) -> Result<usize, Fault> {
    let len = dst.len();
    chunks(len, src, chunk, between, |addr, done, end| copy::copy_from_user(&mut dst[done..end], addr))
}

/// Copies all of `src` to user address `dst`, calling `between` with the bytes done after each `chunk` of bytes but
/// the last. Returns the bytes done: all, unless `between` breaks.
///
/// To resume after a break or a fault, pass `dst + done` and `&src[done..]`.
///
/// # Errors
///
/// As [`copy_to_user`](crate::copy_to_user), with `copied` counted from the start of the whole transfer.
pub fn copy_to_user_chunked(
    dst: usize,
    src: &[u8],
    chunk: NonZeroUsize,
    between: impl FnMut(usize) -> ControlFlow<()>,
) -> Result<usize, Fault> {
    chunks(src.len(), dst, chunk, between, |addr, done, end| copy::copy_to_user(addr, &src[done..end]))
}

fn chunks(
    len: usize,
    start: usize,
    chunk: NonZeroUsize,
    mut between: impl FnMut(usize) -> ControlFlow<()>,
    mut step: impl FnMut(usize, usize, usize) -> Result<(), Fault>,
) -> Result<usize, Fault> {
    let mut done = 0;
    while done < len {
        let end = len.min(done.saturating_add(chunk.get()));
        // A sum that wraps leaves the user half before, so the chunk in front of it has failed.
        step(start.wrapping_add(done), done, end).map_err(|fault| fault.after(done))?;
        done = end;
        if done < len && between(done).is_break() {
            break;
        }
    }
    Ok(done)
}
