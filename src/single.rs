// SPDX-License-Identifier: MIT OR Apache-2.0
//! Values of 1, 2, 4 and 8 bytes: one load or store where it is used, with its entry in the table.
//!
//! The instruction answers with a status only. What an exact answer needs beyond that lies out of line: the
//! bytes in front of the page's edge, where the value crosses one, and a bytewise try, where the cause may
//! end inside a page.

use core::mem;

use crate::{
    arch::inline,
    cause::{Access, Cause, FaultKind},
    context::Context,
    copy,
    error::Fault,
    flag,
    pod::{AnyBitPattern, NoUninit},
    range::UserRange,
};

const PAGE_SIZE: usize = 4096;

/// Whether a type is read and written by one instruction if it is aligned.
#[inline(always)]
pub(crate) const fn is_single<T>() -> bool {
    matches!(size_of::<T>(), 1 | 2 | 4 | 8)
}

/// Reads a value for which [`is_single`] says yes.
#[inline(always)]
pub(crate) fn read<T: AnyBitPattern, C: Context>(addr: usize) -> Result<T, Fault> {
    read_bits::<T, C>(addr).map(from_bits)
}

/// Reads such a value's bytes, into the lowest of the result; what stands above them is arbitrary.
#[inline(always)]
pub(crate) fn read_bits<T, C: Context>(addr: usize) -> Result<u64, Fault> {
    let Some((range, start)) = UserRange::confined(addr, size_of::<T>()) else {
        return Err(Fault::out_of_range(addr, Access::Read));
    };
    let _accessing = flag::enter();
    let window = open_window();
    // SAFETY: (1) the range lies in the user half, which holds no kernel memory; the window is open.
    let (bits, status) = unsafe { load::<T, C>(start) };
    close_window(window);
    if status == 0 {
        return Ok(bits);
    }
    read_again::<C>(range, status)
}

/// Writes a value for which [`is_single`] says yes.
#[inline(always)]
pub(crate) fn write<T: NoUninit, C: Context>(addr: usize, value: T) -> Result<(), Fault> {
    let Some((range, start)) = UserRange::confined(addr, size_of::<T>()) else {
        return Err(Fault::out_of_range(addr, Access::Write));
    };
    let bits = to_bits(value);
    let _accessing = flag::enter();
    let window = open_window();
    // SAFETY: (1) the range lies in the user half, which holds no kernel memory; the window is open.
    let status = unsafe { store::<T, C>(start, bits) };
    close_window(window);
    if status == 0 {
        return Ok(());
    }
    write_again::<C>(range, bits, status)
}

/// Opens the window, where single values need it.
#[inline(always)]
pub(crate) fn open_window() -> Option<inline::Window> {
    inline::VALUES_NEED_WINDOW.then(inline::open_window)
}

/// Closes what [`open_window`] has opened.
#[inline(always)]
pub(crate) fn close_window(window: Option<inline::Window>) {
    if let Some(window) = window {
        inline::close_window(window);
    }
}

/// Loads a value's bytes.
///
/// # Safety
///
/// 1. The bytes at `addr` are user memory, or cannot be translated; the window is open.
#[inline(always)]
pub(crate) unsafe fn load<T, C: Context>(addr: usize) -> (u64, usize) {
    match size_of::<T>() {
        // SAFETY: (1) is ours.
        1 => unsafe { inline::load::<1, C>(addr) },
        // SAFETY: (1) is ours.
        2 => unsafe { inline::load::<2, C>(addr) },
        // SAFETY: (1) is ours.
        4 => unsafe { inline::load::<4, C>(addr) },
        // SAFETY: (1) is ours.
        _ => unsafe { inline::load::<8, C>(addr) },
    }
}

/// Stores a value's bytes.
///
/// # Safety
///
/// 1. The bytes at `addr` are user memory, or cannot be translated; the window is open.
#[inline(always)]
pub(crate) unsafe fn store<T, C: Context>(addr: usize, bits: u64) -> usize {
    match size_of::<T>() {
        // SAFETY: (1) is ours.
        1 => unsafe { inline::store::<1, C>(addr, bits) },
        // SAFETY: (1) is ours.
        2 => unsafe { inline::store::<2, C>(addr, bits) },
        // SAFETY: (1) is ours.
        4 => unsafe { inline::store::<4, C>(addr, bits) },
        // SAFETY: (1) is ours.
        _ => unsafe { inline::store::<8, C>(addr, bits) },
    }
}

/// The value whose bytes are the lowest of `bits`.
#[inline(always)]
pub(crate) fn from_bits<T: AnyBitPattern>(bits: u64) -> T {
    const { assert!(cfg!(target_endian = "little"), "the lowest bytes come first") };
    assert!(size_of::<T>() <= size_of::<u64>());
    // SAFETY: a `T` is no larger, and may be any bytes.
    unsafe { mem::transmute_copy(&bits) }
}

/// A value's bytes, as the lowest of the result.
#[inline(always)]
pub(crate) fn to_bits<T: NoUninit>(value: T) -> u64 {
    let mut bits = [0; size_of::<u64>()];
    bits[..size_of::<T>()].copy_from_slice(bytemuck::bytes_of(&value));
    u64::from_le_bytes(bits)
}

/// What became of a load that faulted: the exact fault, or the bytes after all.
#[cold]
#[inline(never)]
pub(crate) fn read_again<C: Context>(range: UserRange, status: usize) -> Result<u64, Fault> {
    let cause = Cause::from_register(status);
    let possible = possible(range, cause.kind());
    let mut bits = [0; size_of::<u64>()];
    // SAFETY: (1) the range is that of a value of at most 8 bytes.
    unsafe { copy::read_range::<C>(bits.as_mut_ptr(), possible) }?;
    stopped(range, possible, Access::Read, cause.kind()).map_or(Ok(u64::from_le_bytes(bits)), Err)
}

/// What became of a store that faulted: the exact fault, with what comes before it written; or all is written
/// after all.
#[cold]
#[inline(never)]
pub(crate) fn write_again<C: Context>(range: UserRange, bits: u64, status: usize) -> Result<(), Fault> {
    let cause = Cause::from_register(status);
    let possible = possible(range, cause.kind());
    copy::write_bytes::<C>(range.start(), &bits.to_le_bytes()[..possible.len()])?;
    stopped(range, possible, Access::Write, cause.kind()).map_or(Ok(()), Err)
}

/// The bytes of a value that may be accessible although the whole is not.
pub(crate) fn possible(range: UserRange, kind: FaultKind) -> UserRange {
    let before_edge = PAGE_SIZE - range.start() % PAGE_SIZE;
    let len = if kind.ends_anywhere() {
        range.len()
    } else if before_edge < range.len() {
        before_edge
    } else {
        0
    };
    range.split_at(len).0
}

/// The fault behind what was possible, if that was not all.
pub(crate) fn stopped(
    range: UserRange,
    possible: UserRange,
    access: Access,
    kind: FaultKind,
) -> Option<Fault> {
    let (done, rest) = range.split_at(possible.len());
    (!rest.is_empty()).then_some(Fault { done: done.len(), addr: rest.start(), access, kind })
}
