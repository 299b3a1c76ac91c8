// SPDX-License-Identifier: MIT OR Apache-2.0
//! Reads and writes values of 1, 2, 4 and 8 bytes: one inlined load or store, with its entry in the exception table.
//!
//! The instruction returns only a status. The work for an exact fault lies out of line: it does the bytes before the
//! page boundary if the value crosses one. If the cause may end inside a page, it tries the bytes one by one.

use core::{mem, ptr};

use crate::{
    access::{
        bare,
        context::Context,
        copy,
        error::Fault,
        pod::{AnyBitPattern, NoUninit},
        range::UserRange,
    },
    arch::inline,
    extable::cause::{Access, Cause, FaultKind},
    recovery::flag,
};

pub(crate) use crate::access::bare::{
    close_window, is_loaded_at_once, is_single, is_stored_at_once, open_window,
};

/// Reads a value of a type for which [`is_single`] is true.
#[inline(always)]
pub(crate) fn read<T: AnyBitPattern, C: Context>(addr: usize) -> Result<T, Fault> {
    read_bits::<T, C>(addr).map(from_bits)
}

/// Reads the bytes of such a value into the low bytes of the result. The bytes above them are arbitrary.
#[inline(always)]
pub(crate) fn read_bits<T, C: Context>(addr: usize) -> Result<u64, Fault> {
    let Some((range, start)) = UserRange::confined(addr, size_of::<T>()) else {
        return Err(Fault::out_of_range(addr, Access::Read));
    };
    if !is_loaded_at_once::<T>(addr) {
        return read_again::<C>(range, 0);
    }
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

/// Reads such a value into `value`. After a fault, only its first `done` bytes have changed.
#[inline(always)]
pub(crate) fn read_into<T: AnyBitPattern, C: Context>(addr: usize, value: &mut T) -> Result<(), Fault> {
    let Some((range, start)) = UserRange::confined(addr, size_of::<T>()) else {
        return Err(Fault::out_of_range(addr, Access::Read));
    };
    let status = if is_loaded_at_once::<T>(addr) {
        let _accessing = flag::enter();
        let window = open_window();
        // SAFETY: (1) the range lies in the user half, which holds no kernel memory; the window is open.
        let (bits, status) = unsafe { load::<T, C>(start) };
        close_window(window);
        if status == 0 {
            *value = from_bits(bits);
            return Ok(());
        }
        status
    } else {
        0
    };
    // Read into a copy: `value` may stay in a register only if nothing takes its address.
    let mut copy = *value;
    // SAFETY: (1) `copy` is as large as a `T`, which may be any bytes.
    let outcome = unsafe { read_rest::<C>(range, status, ptr::from_mut(&mut copy).cast()) };
    *value = copy;
    outcome
}

/// Writes a value of a type for which [`is_single`] is true.
#[inline(always)]
pub(crate) fn write<T: NoUninit, C: Context>(addr: usize, value: T) -> Result<(), Fault> {
    let Some((range, start)) = UserRange::confined(addr, size_of::<T>()) else {
        return Err(Fault::out_of_range(addr, Access::Write));
    };
    let bits = to_bits(value);
    if !is_stored_at_once::<T>(addr) {
        return write_out_of_line::<C>(range, bits);
    }
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

/// Loads a value's bytes. Returns them and a status.
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

/// Stores a value's bytes if [`is_stored_at_once`] is true. Returns a status.
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

/// Makes a value of the low bytes of `bits`.
#[inline(always)]
pub(crate) fn from_bits<T: AnyBitPattern>(bits: u64) -> T {
    const { assert!(cfg!(target_endian = "little"), "the lowest bytes come first") };
    assert!(size_of::<T>() <= size_of::<u64>());
    // SAFETY: a `T` is no larger than `bits`, and any bytes are a `T`.
    unsafe { mem::transmute_copy(&bits) }
}

/// Returns a value's bytes, as the low bytes of the result.
#[inline(always)]
pub(crate) fn to_bits<T: NoUninit>(value: T) -> u64 {
    let mut bits = [0; size_of::<u64>()];
    bits[..size_of::<T>()].copy_from_slice(bytemuck::bytes_of(&value));
    u64::from_le_bytes(bits)
}

/// Finishes a load that faulted. Returns the exact fault, or the bytes if they are readable now. Status 0 means that nothing
/// has been tried yet.
#[cold]
#[inline(never)]
pub(crate) fn read_again<C: Context>(range: UserRange, status: usize) -> Result<u64, Fault> {
    let mut bits = [0; size_of::<u64>()];
    // SAFETY: (1) the range is that of a value of at most 8 bytes.
    unsafe { read_rest::<C>(range, status, bits.as_mut_ptr()) }?;
    Ok(u64::from_le_bytes(bits))
}

/// Does the same for a value of any size. Its bytes go to `dst`: all of them, or those before the fault. Status 0
/// means that nothing has been tried yet.
///
/// # Safety
///
/// 1. `dst` is valid for writes of the range's bytes.
#[cold]
#[inline(never)]
pub(crate) unsafe fn read_rest<C: Context>(
    range: UserRange,
    status: usize,
    dst: *mut u8,
) -> Result<(), Fault> {
    let kind = Cause::from_register(status).kind();
    let possible = if status == 0 { range } else { possible(range, kind) };
    // SAFETY: (1) is ours: the possible bytes are a part of the range.
    unsafe { copy::read_range::<C>(dst, possible) }?;
    stopped(range, possible, Access::Read, kind).map_or(Ok(()), Err)
}

/// Writes the bytes of the range, by the routine.
#[cold]
#[inline(never)]
pub(crate) fn write_out_of_line<C: Context>(range: UserRange, bits: u64) -> Result<(), Fault> {
    copy::write_bytes::<C>(range.start(), &bits.to_le_bytes()[..range.len()])
}

/// Finishes a store that faulted. It writes the bytes before the fault and returns the exact fault, or `Ok` if all
/// bytes are writable now.
#[cold]
#[inline(never)]
pub(crate) fn write_again<C: Context>(range: UserRange, bits: u64, status: usize) -> Result<(), Fault> {
    let kind = Cause::from_register(status).kind();
    let possible = possible(range, kind);
    write_out_of_line::<C>(possible, bits)?;
    stopped(range, possible, Access::Write, kind).map_or(Ok(()), Err)
}

/// Returns the bytes of a value that may be accessible although the whole value is not.
pub(crate) fn possible(range: UserRange, kind: FaultKind) -> UserRange {
    range.split_at(bare::possible(range.start(), range.len(), kind)).0
}

/// Returns the fault after the possible bytes, or `None` if those were all.
pub(crate) fn stopped(
    range: UserRange,
    possible: UserRange,
    access: Access,
    kind: FaultKind,
) -> Option<Fault> {
    let (done, rest) = range.split_at(possible.len());
    (!rest.is_empty()).then_some(Fault { done: done.len(), addr: rest.start(), access, kind })
}
