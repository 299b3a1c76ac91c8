// SPDX-License-Identifier: MIT OR Apache-2.0
//! Long transfers in chunks, so that a driver can pause between them.
//!
//! A copy of a megabyte keeps its CPU busy for a long time, and its faults may make others wait. These functions give
//! the kernel a point between two chunks. There it may schedule, poll for a signal, or stop.
//!
//! The kernel buffer must be normal memory: the routines may access it in any width, and twice after a fault. For
//! device memory, copy to a bounce buffer first. Then let the driver's own accessors move the bytes on.
//!
//! ```
//! # unsafe { axptr::hosted::install() }.unwrap();
//! # let page = unsafe { libc::mmap(core::ptr::null_mut(), 8192, 3, 0x22, -1, 0) }.addr();
//! # unsafe { libc::munmap(core::ptr::without_provenance_mut(page + 4096), 4096) };
//! use axptr::bulk::{copy_from_user_chunked, copy_to_user_chunked};
//! use core::{num::NonZeroUsize, ops::ControlFlow};
//!
//! const CHUNK: NonZeroUsize = NonZeroUsize::new(1000).unwrap();
//! let mut pauses = 0;
//! let mut pause = |_done| {
//!     pauses += 1; // schedule, poll for a signal
//!     ControlFlow::Continue(())
//! };
//! assert_eq!(copy_to_user_chunked(page, &[7; 3500], CHUNK, &mut pause)?, 3500);
//! let mut back = [0; 5000];
//! let fault = copy_from_user_chunked(&mut back, page, CHUNK, &mut pause).unwrap_err();
//! assert_eq!((fault.done, fault.addr, pauses), (4096, page + 4096, 7));
//! assert_eq!((back[3499], back[3500]), (7, 0));
//! # Ok::<(), axptr::Fault>(())
//! ```

use core::{num::NonZeroUsize, ops::ControlFlow};

use crate::{
    access::{copy, error::Fault},
    extable::cause::Access,
};

/// Copies `dst.len()` bytes from user address `src` into `dst`, in chunks.
///
/// After each `chunk` of bytes but the last, it calls `between` with the number of bytes done. It returns the number
/// of bytes done: all of them, unless `between` breaks.
///
/// To resume after a break or a fault, pass `&mut dst[done..]` and `src + done`.
///
/// # Errors
///
/// Fails as [`copy_from_user`](crate::copy_from_user) does. `done` counts from the start of the whole transfer.
pub fn copy_from_user_chunked(
    dst: &mut [u8],
    src: usize,
    chunk: NonZeroUsize,
    between: impl FnMut(usize) -> ControlFlow<()>,
) -> Result<usize, Fault> {
    let len = dst.len();
    chunks(len, src, Access::Read, chunk, between, |addr, done, end| {
        copy::copy_from_user(&mut dst[done..end], addr)
    })
}

/// Copies all of `src` to user address `dst`, in chunks.
///
/// After each `chunk` of bytes but the last, it calls `between` with the number of bytes done. It returns the number
/// of bytes done: all of them, unless `between` breaks.
///
/// To resume after a break or a fault, pass `dst + done` and `&src[done..]`.
///
/// # Errors
///
/// Fails as [`copy_to_user`](crate::copy_to_user) does. `done` counts from the start of the whole transfer.
pub fn copy_to_user_chunked(
    dst: usize,
    src: &[u8],
    chunk: NonZeroUsize,
    between: impl FnMut(usize) -> ControlFlow<()>,
) -> Result<usize, Fault> {
    chunks(src.len(), dst, Access::Write, chunk, between, |addr, done, end| {
        copy::copy_to_user(addr, &src[done..end])
    })
}

fn chunks(
    len: usize,
    start: usize,
    access: Access,
    chunk: NonZeroUsize,
    mut between: impl FnMut(usize) -> ControlFlow<()>,
    mut step: impl FnMut(usize, usize, usize) -> Result<(), Fault>,
) -> Result<usize, Fault> {
    // Refuse a transfer that does not fit before its first chunk.
    Fault::range(start, len, access)?;
    let mut done = 0;
    while done < len {
        let end = len.min(done.saturating_add(chunk.get()));
        step(start + done, done, end).map_err(|fault| fault.after(done))?;
        done = end;
        if done < len && between(done).is_break() {
            break;
        }
    }
    Ok(done)
}
