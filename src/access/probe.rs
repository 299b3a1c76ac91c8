// SPDX-License-Identifier: MIT OR Apache-2.0
//! Reads *kernel* memory that may not be there: for backtraces, dumps and debuggers.
//!
//! A bad address is an `Err`, not a panic. The pager never runs. Use this for an address that you cannot trust, such
//! as a damaged frame pointer. Read memory that must be there in the usual way.
//!
//! ```
//! # unsafe { axptr::hosted::install() }.unwrap();
//! use axptr::probe;
//!
//! static FRAME: [usize; 2] = [16, 0x1234];
//! let frame = FRAME.as_ptr().addr();
//! // SAFETY: (1) no device is at either address.
//! assert_eq!(unsafe { probe::read::<usize>(frame) }?, 16);
//! let next = unsafe { probe::read::<usize>(16) };
//! assert!(next.is_err_and(|fault| (fault.done, fault.addr) == (0, 16)));
//! # Ok::<(), axptr::Fault>(())
//! ```

use core::mem::MaybeUninit;

use crate::{
    access::{context::NoFault, error::Fault, pod::AnyBitPattern},
    arch::{self, inline},
    extable::cause::{Access, Cause, FaultKind},
};

const WORD: usize = size_of::<u64>();

/// Reads a value at any kernel address, with any alignment.
///
/// # Errors
///
/// Fails if a byte is not readable. With the feature `ax-cpu`, an address that the machine cannot translate is refused without
/// an access: ax-cpu recovers page faults only.
///
/// # Safety
///
/// 1. Reading the bytes at `addr`, if they are there, has no side effect: no device is there.
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
/// Fails as [`read`] does. Then `dst[..fault.done]` holds the bytes before the fault, and the rest of `dst` is unchanged.
///
/// # Safety
///
/// 1. Reading the bytes from `addr` on, as far as they are there, has no side effect: no device is there.
pub unsafe fn read_bytes(dst: &mut [u8], addr: usize) -> Result<(), Fault> {
    // SAFETY: (1) the slice is valid for writes of its length; (2) is our (1).
    unsafe { copy(dst.as_mut_ptr(), addr, dst.len()) }
}

/// Copies in the widest aligned pieces. No piece crosses a page boundary, and an aligned value of 2, 4 or 8 bytes is
/// one access. If only a part of a piece may be readable, it copies that piece bytewise.
///
/// # Safety
///
/// 1. `dst` is valid for writes of `len` bytes.
/// 2. Reading the `len` bytes from `addr` on, as far as they are there, has no side effect.
#[inline(never)]
unsafe fn copy(dst: *mut u8, addr: usize, len: usize) -> Result<(), Fault> {
    let mut bytes_until = 0;
    let mut done = 0;
    while done < len {
        // A kernel range may reach the end of the address space. If it wraps, continue at 0, as the machine does.
        let from = addr.wrapping_add(done);
        let to = dst.wrapping_add(done);
        let piece = if done < bytes_until { 1 } else { widest(from, len - done) };
        // ax-cpu recovers page faults only.
        if cfg!(axptr_ax_cpu) && !arch::can_translate(from) {
            return Err(Fault::new(addr, done, Access::Read, FaultKind::NonCanonical));
        }
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
        // SAFETY: by (1), `to` has room for the piece; the bytes are a local variable's.
        unsafe { to.copy_from_nonoverlapping(bits.to_le_bytes().as_ptr(), piece) };
        done += piece;
    }
    Ok(())
}

/// Returns the largest of 8, 4, 2 and 1 that the address is aligned to and that is not more than `left`.
fn widest(from: usize, left: usize) -> usize {
    let aligned = 1 << (from | WORD).trailing_zeros();
    let fits = 1 << left.min(WORD).ilog2();
    if aligned < fits { aligned } else { fits }
}

/// Loads the `size` bytes at `from`, which is aligned to `size`. Returns them and a status: 0, or the cause.
///
/// # Safety
///
/// 1. Reading what is there, if anything is, has no side effect.
#[inline(never)]
unsafe fn load(from: usize, size: usize) -> (u64, usize) {
    // A damaged pointer may lead to user memory. With the window closed, its fault would look like a kernel bug.
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
