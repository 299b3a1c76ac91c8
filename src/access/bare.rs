// SPDX-License-Identifier: MIT OR Apache-2.0
//! Values by raw pointer, without a check: what the functions of `raw` have in common.
//!
//! A value of 1, 2, 4 or 8 bytes is one inlined instruction with its entry in the exception table. What follows a fault
//! lies out of line, and makes the count exact.

use core::mem::{self, MaybeUninit};

use crate::{
    access::outcome::Outcome,
    arch::{entry, inline, raw, shape::InlineFlags},
    extable::cause::{Cause, FaultKind},
    recovery::flag,
};

const PAGE_SIZE: usize = 4096;

/// Accesses that may wait for the pager.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Waiting;

/// Accesses that do not.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Immediate;

impl InlineFlags for Waiting {
    const FLAGS: u16 = entry::INLINED;
}

impl InlineFlags for Immediate {
    const FLAGS: u16 = entry::INLINED | entry::NOFAULT;
}

/// Says whether one instruction accesses a value of the type if it is aligned.
#[inline(always)]
pub(crate) const fn is_single<T>() -> bool {
    matches!(size_of::<T>(), 1 | 2 | 4 | 8)
}

/// Says whether one instruction stores a value to `addr`, and leaves nothing behind if it faults.
///
/// On some machines, a store that is not aligned may leave its second half behind. There, the routine stores the
/// value in aligned pieces.
#[inline(always)]
pub(crate) fn is_stored_at_once<T>(addr: usize) -> bool {
    is_single::<T>() && (inline::STORES_WORDS_ANYWHERE || addr.is_multiple_of(size_of::<T>()))
}

/// Opens the window, on machines where single values need it.
#[inline(always)]
pub(crate) fn open_window() -> Option<inline::Window> {
    inline::VALUES_NEED_WINDOW.then(inline::open_window)
}

/// Closes the window that [`open_window`] opened.
#[inline(always)]
pub(crate) fn close_window(window: Option<inline::Window>) {
    if let Some(window) = window {
        inline::close_window(window);
    }
}

/// Returns how many bytes of a value may be accessible although the whole value is not.
pub(crate) fn possible(start: usize, len: usize, kind: FaultKind) -> usize {
    let before_edge = PAGE_SIZE - start % PAGE_SIZE;
    if kind.ends_anywhere() {
        len
    } else if before_edge < len {
        before_edge
    } else {
        0
    }
}

/// Loads a value.
///
/// # Safety
///
/// 1. The bytes at `src` hold no kernel memory.
/// 2. Any bytes are a `T`.
#[inline(always)]
pub(crate) unsafe fn load<T, F: InlineFlags>(src: *const T) -> Result<T, Outcome> {
    let from = src.cast::<u8>();
    let _accessing = flag::enter();
    if !is_single::<T>() {
        let mut value = MaybeUninit::<T>::uninit();
        // SAFETY: (1) ours; a `T` has as many bytes.
        let outcome = unsafe { read::<F>(value.as_mut_ptr().cast(), from, size_of::<T>()) };
        // SAFETY: all bytes have been read; (2).
        return if outcome.left() == 0 { Ok(unsafe { value.assume_init() }) } else { Err(outcome) };
    }
    let window = open_window();
    let (bits, status) = match size_of::<T>() {
        // SAFETY: (1) is ours; the window is open.
        1 => unsafe { inline::load_at::<1, F>(from) },
        // SAFETY: as above.
        2 => unsafe { inline::load_at::<2, F>(from) },
        // SAFETY: as above.
        4 => unsafe { inline::load_at::<4, F>(from) },
        // SAFETY: as above.
        _ => unsafe { inline::load_at::<8, F>(from) },
    };
    close_window(window);
    let bits = if status == 0 {
        bits
    } else {
        // SAFETY: (1) ours.
        unsafe { load_again::<F>(from, size_of::<T>(), status) }?
    };
    // SAFETY: a `T` is no larger than the bits, on this path; (2).
    Ok(unsafe { mem::transmute_copy(&bits) })
}

/// Stores a value.
///
/// # Safety
///
/// 1. The bytes at `dst` hold no kernel memory.
/// 2. No byte of `value` is uninitialised.
#[inline(always)]
pub(crate) unsafe fn store<T, F: InlineFlags>(dst: *mut T, value: T) -> Result<(), Outcome> {
    let to = dst.cast::<u8>();
    let value = MaybeUninit::new(value);
    let _accessing = flag::enter();
    if !is_stored_at_once::<T>(to.addr()) {
        // SAFETY: (1) ours; (2) the value's bytes are initialised.
        let outcome = unsafe { write::<F>(to, value.as_ptr().cast(), size_of::<T>()) };
        return if outcome.left() == 0 { Ok(()) } else { Err(outcome) };
    }
    let bits = match size_of::<T>() {
        // SAFETY: as many bytes; (2).
        1 => u64::from(unsafe { mem::transmute_copy::<_, u8>(&value) }),
        // SAFETY: as above.
        2 => u64::from(unsafe { mem::transmute_copy::<_, u16>(&value) }),
        // SAFETY: as above.
        4 => u64::from(unsafe { mem::transmute_copy::<_, u32>(&value) }),
        // SAFETY: as above.
        _ => unsafe { mem::transmute_copy::<_, u64>(&value) },
    };
    let window = open_window();
    let status = match size_of::<T>() {
        // SAFETY: (1) is ours; the window is open.
        1 => unsafe { inline::store_at::<1, F>(to, bits) },
        // SAFETY: as above.
        2 => unsafe { inline::store_at::<2, F>(to, bits) },
        // SAFETY: as above.
        4 => unsafe { inline::store_at::<4, F>(to, bits) },
        // SAFETY: as above.
        _ => unsafe { inline::store_at::<8, F>(to, bits) },
    };
    close_window(window);
    if status == 0 {
        return Ok(());
    }
    // SAFETY: (1) ours.
    unsafe { store_again::<F>(to, size_of::<T>(), status, bits) }
}

/// Finishes a load that faulted. Returns the exact outcome, or the bytes if they are readable now.
///
/// # Safety
///
/// 1. The `len` bytes at `src`, at most 8, hold no kernel memory.
#[cold]
#[inline(never)]
unsafe fn load_again<F: InlineFlags>(src: *const u8, len: usize, status: usize) -> Result<u64, Outcome> {
    let cause = Cause::from_register(status);
    let possible = possible(src.addr(), len, cause.kind());
    let mut bits = [0; size_of::<u64>()];
    // SAFETY: (1) ours; a word has as many bytes.
    let outcome = unsafe { read::<F>(bits.as_mut_ptr(), src, possible) };
    answer(outcome, len - possible, cause).map(|()| u64::from_le_bytes(bits))
}

/// Finishes a store that faulted: the same.
///
/// # Safety
///
/// 1. The `len` bytes at `dst`, at most 8, hold no kernel memory.
#[cold]
#[inline(never)]
unsafe fn store_again<F: InlineFlags>(
    dst: *mut u8,
    len: usize,
    status: usize,
    bits: u64,
) -> Result<(), Outcome> {
    let cause = Cause::from_register(status);
    let possible = possible(dst.addr(), len, cause.kind());
    // SAFETY: (1) ours; a word has as many bytes.
    let outcome = unsafe { write::<F>(dst, bits.to_le_bytes().as_ptr(), possible) };
    answer(outcome, len - possible, cause)
}

/// The outcome of all bytes, from that of the possible ones and the cause of the first access.
fn answer(possible: Outcome, others: usize, cause: Cause) -> Result<(), Outcome> {
    match (possible.left(), others) {
        (0, 0) => Ok(()),
        (0, _) => Err(Outcome::new(others, cause)),
        _ => Err(possible.and_left(others)),
    }
}

/// Copies bytes by the routine.
///
/// # Safety
///
/// 1. `dst` is valid for writes of `len` bytes, and the `len` bytes at `src` hold no kernel memory.
#[inline(always)]
unsafe fn read<F: InlineFlags>(dst: *mut u8, src: *const u8, len: usize) -> Outcome {
    if F::FLAGS & entry::NOFAULT == 0 {
        // SAFETY: ours.
        unsafe { raw::__axptr_copy_from_user(dst, src, len) }.into()
    } else {
        // SAFETY: ours.
        unsafe { raw::__axptr_copy_from_user_nofault(dst, src, len) }.into()
    }
}

/// Copies bytes by the routine.
///
/// # Safety
///
/// 1. The `len` bytes at `dst` hold no kernel memory, and `src` is valid for reads of `len` bytes, all initialised.
#[inline(always)]
unsafe fn write<F: InlineFlags>(dst: *mut u8, src: *const u8, len: usize) -> Outcome {
    if F::FLAGS & entry::NOFAULT == 0 {
        // SAFETY: ours.
        unsafe { raw::__axptr_copy_to_user(dst, src, len) }.into()
    } else {
        // SAFETY: ours.
        unsafe { raw::__axptr_copy_to_user_nofault(dst, src, len) }.into()
    }
}
