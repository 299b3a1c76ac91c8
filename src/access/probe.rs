// SPDX-License-Identifier: MIT OR Apache-2.0
//! Reads of *kernel* memory that may not be there: backtraces, dumps, debuggers.
//!
//! A bad address is an `Err` and not a panic. The pager is never asked. This is for addresses that come from
//! nowhere good, such as a damaged frame pointer; memory that should be there is read as usual.
//!
//! ```
//! # unsafe { axptr::hosted::install() }.unwrap();
//! use axptr::probe;
//!
//! static FRAME: [usize; 2] = [16, 0x1234];
//! let frame = FRAME.as_ptr().addr();
//! // SAFETY: (1) neither is a device's.
//! assert_eq!(unsafe { probe::read::<usize>(frame) }?, 16);
//! let next = unsafe { probe::read::<usize>(16) };
//! assert!(next.is_err_and(|fault| (fault.done, fault.addr) == (0, 16)));
//! # Ok::<(), axptr::Fault>(())
//! ```

use core::mem::MaybeUninit;

use crate::{
    access::{context::NoFault, error::Fault, pod::AnyBitPattern},
    arch::inline,
    extable::cause::{Access, Cause},
};

const WORD: usize = size_of::<u64>();

/// Reads a value at any kernel address, of any alignment.
///
/// # Errors
///
/// Fails if a byte is not readable.
///
/// # Safety
///
/// 1. Reading what is at `addr`, if anything is, has no effect: no device is there.
pub unsafe fn read<T: AnyBitPattern>(addr: usize) -> Result<T, Fault> {
    let mut value = MaybeUninit::<T>::uninit();
    // SAFETY: (1) the value is as large as a `T`; (2) is our (1).
    unsafe { copy(value.as_mut_ptr().cast(), addr, size_of::<T>()) }?;
    // SAFETY: the line above wrote all bytes, and a `T` may be any of them.
    Ok(unsafe { value.assume_init() })
}

/// Reads `dst.len()` bytes at any kernel address.
///
/// # Errors
///
/// Fails if a byte is not readable. Then `dst[..fault.done]` holds what came before it and the rest of
/// `dst` is unchanged.
///
/// # Safety
///
/// 1. Reading the bytes from `addr` on, as far as there are any, has no effect: no device is there.
pub unsafe fn read_bytes(dst: &mut [u8], addr: usize) -> Result<(), Fault> {
    // SAFETY: (1) the slice is valid for writes of its length; (2) is our (1).
    unsafe { copy(dst.as_mut_ptr(), addr, dst.len()) }
}

/// Copies by the widest aligned pieces, none of which straddles a page, so that an aligned value of 2, 4 or 8 bytes is one
/// access; and by bytes where only a part of a piece may be readable.
///
/// # Safety
///
/// 1. `dst` is valid for writes of `len` bytes.
/// 2. Reading the bytes from `addr` on, as far as there are any, has no effect.
#[inline(never)]
unsafe fn copy(dst: *mut u8, addr: usize, len: usize) -> Result<(), Fault> {
    let mut bytes_until = 0;
    let mut done = 0;
    while done < len {
        // Kernel addresses may lie at the end of all: where the range wraps, it goes on at 0, as the machine
        // would.
        let from = addr.wrapping_add(done);
        let to = dst.wrapping_add(done);
        let piece = if done < bytes_until { 1 } else { widest(from, len - done) };
        // SAFETY: (1) is our (2).
        let (bits, status) = unsafe { load(from, piece) };
        if status != 0 {
            let kind = Cause::from_register(status).kind();
            if piece > 1 && kind.ends_anywhere() {
                bytes_until = done + piece;
                continue;
            }
            return Err(Fault::new(addr, done, Access::Read, kind));
        }
        // SAFETY: (1) has room for it; the bytes are a local's.
        unsafe { to.copy_from_nonoverlapping(bits.to_le_bytes().as_ptr(), piece) };
        done += piece;
    }
    Ok(())
}

/// The largest of 8, 4, 2 and 1 to which an address is aligned and which is there.
fn widest(from: usize, left: usize) -> usize {
    let aligned = 1 << (from | WORD).trailing_zeros();
    let fits = 1 << left.min(WORD).ilog2();
    if aligned < fits { aligned } else { fits }
}

/// The `size` bytes at `from`, which is aligned to them, and 0 or the cause.
///
/// # Safety
///
/// 1. Reading what is there, if anything is, has no effect.
#[inline(never)]
unsafe fn load(from: usize, size: usize) -> (u64, usize) {
    // A damaged pointer may lead to user memory: with the window closed that fault would be a bug's.
    let window = inline::open_window();
    let loaded = match size {
        // SAFETY: (1) is ours.
        8 => unsafe { inline::load_kernel::<8, NoFault>(from) },
        // SAFETY: (1) is ours.
        4 => unsafe { inline::load_kernel::<4, NoFault>(from) },
        // SAFETY: (1) is ours.
        2 => unsafe { inline::load_kernel::<2, NoFault>(from) },
        // SAFETY: (1) is ours.
        _ => unsafe { inline::load_kernel::<1, NoFault>(from) },
    };
    inline::close_window(window);
    loaded
}
