// SPDX-License-Identifier: MIT OR Apache-2.0
//! Values by raw pointer, without a check: what the functions of `raw` have in common.
//!
//! A value of 1, 2, 4 or 8 bytes is one inlined instruction with its entry in the exception table. What follows a fault
//! lies out of line, and makes the count exact.

use core::{
    marker::PhantomData,
    mem::{self, MaybeUninit},
    sync::atomic::Ordering,
};

use crate::{
    access::{
        atomic::{AtomicError, load_in, store_in},
        error::Fault,
        moving::{self, Ranges, Stop},
        outcome::Outcome,
    },
    arch::{
        entry, inline, raw,
        shape::{InlineFlags, RETRY, order, rmw_op},
    },
    extable::cause::{Access, Cause, FaultKind},
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

/// Says whether one instruction loads a value from `addr`.
///
/// Some machines may refuse a word that is not aligned. That fault has a landing, but not in ax-cpu's tables: with those, the
/// routine loads the value, in aligned pieces.
#[inline(always)]
pub(crate) fn is_loaded_at_once<T>(addr: usize) -> bool {
    let any = inline::LOADS_WORDS_ANYWHERE || !cfg!(axptr_ax_cpu);
    is_single::<T>() && (any || addr.is_multiple_of(size_of::<T>()))
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
    if !is_loaded_at_once::<T>(from.addr()) {
        let mut value = MaybeUninit::<T>::uninit();
        // SAFETY: (1) ours; a `T` has as many bytes.
        let outcome = unsafe { read::<F>(value.as_mut_ptr().cast(), from, size_of::<T>()) };
        if outcome.left() != 0 {
            return Err(outcome);
        }
        // SAFETY: all bytes have been read; (2).
        return Ok(unsafe { value.assume_init() });
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

/// Loads an aligned value in an ordering.
///
/// # Safety
///
/// 1. and 2. as for [`load`].
#[inline(always)]
pub(crate) unsafe fn atomic_load<T, F: InlineFlags>(
    src: *const T,
    order: Ordering,
) -> Result<T, AtomicError> {
    let addr = src.addr();
    check_atomic::<T>(addr)?;
    load_in(order, || {
        // SAFETY: ours.
        unsafe { load::<T, F>(src) }.map_err(|outcome| failed::<T>(addr, outcome, Access::Read))
    })
}

/// Stores an aligned value in an ordering.
///
/// # Safety
///
/// 1. and 2. as for [`store`].
#[inline(always)]
pub(crate) unsafe fn atomic_store<T, F: InlineFlags>(
    dst: *mut T,
    value: T,
    order: Ordering,
) -> Result<(), AtomicError> {
    let addr = dst.addr();
    check_atomic::<T>(addr)?;
    store_in(order, || {
        // SAFETY: ours.
        unsafe { store::<T, F>(dst, value) }.map_err(|outcome| failed::<T>(addr, outcome, Access::Write))
    })
}

#[inline(always)]
const fn check_atomic<T>(addr: usize) -> Result<(), AtomicError> {
    const { assert!(is_single::<T>(), "an atomic has 1, 2, 4 or 8 bytes") };
    if addr.is_multiple_of(size_of::<T>()) { Ok(()) } else { Err(AtomicError::Misaligned) }
}

/// Makes the error of an atomic access that failed.
#[cold]
fn failed<T>(addr: usize, outcome: Outcome, access: Access) -> AtomicError {
    let done = size_of::<T>().saturating_sub(outcome.left());
    AtomicError::Fault(Fault::new(addr, done, access, outcome.kind()))
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

/// Two ranges that nobody checks.
#[derive(Debug)]
pub(crate) struct Unchecked<F> {
    dst: *mut u8,
    src: *const u8,
    mode: PhantomData<F>,
}

/// Copies `len` bytes within user memory, whose ranges may overlap.
///
/// # Safety
///
/// 1. Neither the `len` bytes at `src` nor those at `dst` hold kernel memory.
pub(crate) unsafe fn move_bytes<F: InlineFlags>(dst: *mut u8, src: *const u8, len: usize) -> Outcome {
    let _accessing = flag::enter();
    let ranges = Unchecked::<F> { dst, src, mode: PhantomData };
    match moving::run(&ranges, dst.addr(), src.addr(), len) {
        Ok(()) => Outcome::new(0, Cause::from_register(0)),
        Err(Stop { done, access, kind }) => Outcome::new(len - done, Cause::new(Some(access), kind)),
    }
}

// The functions below are the ones whose callers answer for the addresses: each stays by itself, so that the audit sees
// that no other code of the crate makes an access without a mask.

/// The safe methods have the conditions of [`move_bytes`], which makes the only such value.
impl<F: InlineFlags> Ranges for Unchecked<F> {
    fn copy(&self, at: usize, len: usize) -> Outcome {
        // SAFETY: `move_bytes` has been told so of all of both ranges.
        unsafe { copy_inside::<F>(self.dst.wrapping_add(at), self.src.wrapping_add(at), len) }
    }

    fn read(&self, at: usize, buf: &mut [u8]) -> Outcome {
        // SAFETY: as above; a slice.
        unsafe { read_piece::<F>(buf.as_mut_ptr(), self.src.wrapping_add(at), buf.len()) }
    }

    fn write(&self, at: usize, buf: &[u8]) -> Outcome {
        // SAFETY: as above; a slice.
        unsafe { write_piece::<F>(self.dst.wrapping_add(at), buf.as_ptr(), buf.len()) }
    }

    fn touch_source(&self, at: usize) -> Result<(), FaultKind> {
        // SAFETY: as above.
        unsafe { touch_source::<F>(self.src.wrapping_add(at)) }
    }

    fn touch_destination(&self, at: usize) -> Result<(), FaultKind> {
        // SAFETY: as above.
        unsafe { touch_destination::<F>(self.dst.wrapping_add(at)) }
    }
}

/// # Safety
///
/// 1. Neither the `len` bytes at `src` nor those at `dst` hold kernel memory.
#[inline(never)]
unsafe fn copy_inside<F: InlineFlags>(dst: *mut u8, src: *const u8, len: usize) -> Outcome {
    if F::FLAGS & entry::NOFAULT == 0 {
        // SAFETY: ours.
        unsafe { raw::__axptr_copy_in_user(dst, src, len) }.into()
    } else {
        // SAFETY: ours.
        unsafe { raw::__axptr_copy_in_user_nofault(dst, src, len) }.into()
    }
}

/// # Safety
///
/// 1. As for [`read`].
#[inline(never)]
unsafe fn read_piece<F: InlineFlags>(dst: *mut u8, src: *const u8, len: usize) -> Outcome {
    // SAFETY: ours.
    unsafe { read::<F>(dst, src, len) }
}

/// # Safety
///
/// 1. As for [`write`].
#[inline(never)]
unsafe fn write_piece<F: InlineFlags>(dst: *mut u8, src: *const u8, len: usize) -> Outcome {
    // SAFETY: ours.
    unsafe { write::<F>(dst, src, len) }
}

/// # Safety
///
/// 1. The byte at `src` is no kernel memory.
#[inline(never)]
unsafe fn touch_source<F: InlineFlags>(src: *const u8) -> Result<(), FaultKind> {
    let window = open_window();
    // SAFETY: (1) is ours; the window is open.
    let (_, status) = unsafe { inline::load_at::<1, F>(src) };
    close_window(window);
    if status == 0 { Ok(()) } else { Err(Cause::from_register(status).kind()) }
}

/// # Safety
///
/// 1. The byte at `dst` is no kernel memory.
#[inline(never)]
unsafe fn touch_destination<F: InlineFlags>(dst: *mut u8) -> Result<(), FaultKind> {
    let window = inline::open_window();
    // SAFETY: (1) is ours; the window is open.
    let (_, status) =
        unsafe { inline::rmw::<1, { rmw_op::OR }, { order::RELAXED }, F>(dst.expose_provenance(), 0) };
    inline::close_window(window);
    // Other CPUs write to it all the time: so it is there.
    if status == 0 || status == RETRY { Ok(()) } else { Err(Cause::from_register(status).kind()) }
}
