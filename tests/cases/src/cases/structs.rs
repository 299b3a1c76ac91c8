// SPDX-License-Identifier: MIT OR Apache-2.0
//! Structs whose size user space chooses, vectors, and long transfers.

use alloc::{format, string::String, vec, vec::Vec};
use core::{num::NonZeroUsize, ops::ControlFlow};

use axptr::{
    FaultKind, Fit, UserConstPtr, UserPtr, UserRange,
    bulk::{copy_from_user_chunked, copy_to_user_chunked},
    iovec::{IOV_MAX, IoVec, IoVec32, IoVecError, IoVecs, MAX_TOTAL},
    structs::{MAX_STRUCT_SIZE, StructError, is_zeroed, read_struct, write_struct},
    user_limit,
};

use crate::{
    area::{Area, Content},
    ensure::ensure,
    site::{PAGE, PageKind, Site},
};

use PageKind::{Good, Unmapped};

/// What the kernel of these cases knows: four words.
type Known = [u32; 4];
const SIZE: usize = size_of::<Known>();

fn edge(site: &mut dyn Site, before: usize) -> (Area, usize) {
    let area = Area::user(site, &[Good, Unmapped], Content::Source);
    let addr = area.at(PAGE - before);
    (area, addr)
}

fn put(addr: usize, bytes: &[u8]) -> Result<(), String> {
    axptr::copy_to_user(addr, bytes).map_err(|fault| format!("preparing: {fault}"))
}

fn take(addr: usize, len: usize) -> Result<Vec<u8>, String> {
    let mut bytes = vec![0; len];
    axptr::copy_from_user(&mut bytes, addr).map_err(|fault| format!("looking: {fault}"))?;
    Ok(bytes)
}

pub(crate) fn read(site: &mut dyn Site) -> Result<(), String> {
    for user_size in 0..=64 {
        let (area, addr) = edge(site, user_size);
        // What the kernel does not know is zero.
        put(addr + user_size.min(SIZE), &vec![0; user_size.saturating_sub(SIZE)])?;
        let mut expected = [0; SIZE];
        let shared = user_size.min(SIZE);
        let start = PAGE - user_size;
        expected[..shared].copy_from_slice(area.expected(start..start + shared));
        let value = read_struct::<Known>(addr.into(), user_size).map(bytes_of);
        ensure!(value == Ok(expected), "size {user_size}: {value:x?}");
        // One bit that it does not know.
        for position in SIZE..user_size {
            put(addr + position, &[1])?;
            let value = read_struct::<Known>(addr.into(), user_size);
            ensure!(value == Err(StructError::TooBig), "size {user_size}, byte {position}: {value:x?}");
            put(addr + position, &[0])?;
        }
    }
    Ok(())
}

pub(crate) fn read_faults(site: &mut dyn Site) -> Result<(), String> {
    let (_area, addr) = edge(site, 10);
    let value = read_struct::<Known>(addr.into(), SIZE);
    let StructError::Fault(fault) = value.err().ok_or("ten bytes are no struct")? else {
        return Err(format!("{value:?}"));
    };
    ensure!((fault.done, fault.addr) == (10, addr + 10), "{fault:?}");
    // Wherever the bad page begins, in the known part or behind it: counted from the start.
    for there in 0..SIZE + 8 {
        let (_area, addr) = edge(site, there);
        put(addr, &vec![0; there])?;
        let value = read_struct::<Known>(addr.into(), SIZE + 8);
        let exact = matches!(value, Err(StructError::Fault(f)) if (f.done, f.addr) == (there, addr + there));
        ensure!(exact, "{there} bytes: {value:?}");
    }
    let (_area, addr) = edge(site, SIZE + 3);
    put(addr + SIZE, &[0; 3])?;
    // What is not zero decides in front of what is not there.
    put(addr + SIZE + 2, &[1])?;
    let value = read_struct::<Known>(addr.into(), SIZE + 100);
    ensure!(value == Err(StructError::TooBig), "{value:?}");
    for size in [MAX_STRUCT_SIZE + 1, usize::MAX] {
        let traps = site.traps();
        let value = read_struct::<Known>(addr.into(), size);
        ensure!(value == Err(StructError::TooBig), "{size}: {value:?}");
        let value = write_struct::<Known>(addr.into(), size, &[0; 4]);
        ensure!(value == Err(StructError::TooBig), "{size}: {value:?}");
        ensure!(site.traps() == traps, "{size} was tried");
    }
    let value = read_struct::<Known>(user_limit().into(), SIZE);
    let refused = matches!(value, Err(StructError::Fault(fault)) if fault.kind == FaultKind::OutOfRange);
    ensure!(refused, "{value:?}");
    Ok(())
}

pub(crate) fn write(site: &mut dyn Site) -> Result<(), String> {
    let value: Known = [0x1111_1111, 0x2222_2222, 0x3333_3333, 0];
    let bytes = bytes_of(value);
    for user_size in 0..=40 {
        let (_area, addr) = edge(site, 48);
        put(addr, &[0xaa; 48])?;
        let told = write_struct(addr.into(), user_size, &value);
        // The last word is zero: nothing is lost without it.
        let fit = if user_size >= 12 { Fit::Whole } else { Fit::CutOff };
        ensure!(told == Ok(fit), "size {user_size}: {told:?}");
        let mut expected = vec![0; user_size];
        let shared = user_size.min(SIZE);
        expected[..shared].copy_from_slice(&bytes[..shared]);
        expected.resize(48, 0xaa);
        let found = take(addr, 48)?;
        ensure!(found == expected, "size {user_size}: {found:x?}");
    }
    let (_area, addr) = edge(site, 7);
    let told = write_struct(UserPtr::<Known>::from(addr), SIZE, &value);
    let failed = matches!(told, Err(StructError::Fault(fault)) if fault.done == 7);
    ensure!(failed, "{told:?}");
    // A bad page behind the known part: the prefix is written, and counted from the start.
    for there in 1..40 {
        let (_area, addr) = edge(site, there);
        put(addr, &vec![0xaa; there])?;
        let told = write_struct(UserPtr::<Known>::from(addr), 40, &value);
        let exact = matches!(told, Err(StructError::Fault(f)) if (f.done, f.addr) == (there, addr + there));
        ensure!(exact, "{there} bytes: {told:?}");
        let mut expected = bytes.to_vec();
        expected.resize(40, 0);
        ensure!(take(addr, there)? == expected[..there], "{there} bytes");
    }
    Ok(())
}

pub(crate) fn zeroed(site: &mut dyn Site) -> Result<(), String> {
    let (_area, addr) = edge(site, 300);
    put(addr, &[0; 300])?;
    let range = |start, len| UserRange::new(start, len).ok_or("in the user half");
    for len in 0..=300 {
        ensure!(is_zeroed(range(addr, len)?) == Ok(true), "{len} zeroes");
    }
    for position in [0, 1, 127, 128, 129, 255, 256, 299] {
        put(addr + position, &[0x80])?;
        for len in [position, position + 1, 300, 400] {
            let found = is_zeroed(range(addr, len)?);
            ensure!(found == Ok(len <= position), "{len} bytes, byte {position} set: {found:?}");
        }
        put(addr + position, &[0])?;
    }
    let fault = is_zeroed(range(addr, 301)?).err();
    ensure!(fault.is_some_and(|f| (f.done, f.addr) == (300, addr + 300)), "{fault:?}");

    let (area, addr) = edge(site, 5);
    let mut buf = [0xaa; 9];
    let fault = axptr::copy_from_user_zeroing(&mut buf, addr).err();
    ensure!(fault.is_some_and(|fault| fault.done == 5), "{fault:?}");
    ensure!(buf[..5] == *area.expected(PAGE - 5..PAGE) && buf[5..] == [0; 4], "{buf:x?}");
    Ok(())
}

/// Puts a vector into user memory, in either layout.
fn put_vector(addr: usize, elements: &[(usize, usize)]) -> Result<(), String> {
    for (index, &(base, len)) in elements.iter().enumerate() {
        put(addr + 16 * index, &base.to_ne_bytes())?;
        put(addr + 16 * index + 8, &len.to_ne_bytes())?;
    }
    Ok(())
}

pub(crate) fn import(site: &mut dyn Site) -> Result<(), String> {
    let area = Area::user(site, &[Good; 5], Content::Source);
    let addr = area.at(1);
    let array = UserConstPtr::<IoVec>::from(addr);
    let mut storage = vec![UserRange::EMPTY; IOV_MAX + 1];
    put_vector(addr, &vec![(0x1000, 1); IOV_MAX])?;
    for count in [0, 1, 2, IOV_MAX] {
        let vector = IoVecs::import(array, count, &mut storage).map_err(|error| format!("{error}"))?;
        ensure!((vector.ranges().len(), vector.total()) == (count, count), "{count}: {vector:?}");
    }
    let nothing = IoVecs::import(UserConstPtr::<IoVec>::from(usize::MAX), 0, &mut []);
    ensure!(nothing.is_ok_and(|vector| vector.total() == 0), "no element is no access");
    for (count, room) in [(IOV_MAX + 1, IOV_MAX + 1), (usize::MAX, IOV_MAX), (3, 2)] {
        let error = IoVecs::import(array, count, &mut storage[..room]).err();
        ensure!(error == Some(IoVecError::TooMany), "{count} into {room}: {error:?}");
    }
    for (len, index) in [(usize::MAX, 0), (1 << 63, 1)] {
        put_vector(addr, &[(0x1000, 1); 2])?;
        put_vector(addr + 16 * index, &[(0x1000, len)])?;
        let error = IoVecs::import(array, 2, &mut storage).err();
        ensure!(error == Some(IoVecError::BadLength { index }), "{len:#x}: {error:?}");
    }
    // Lengths are looked at before addresses; `tests/linux.rs` asks Linux the same.
    put_vector(addr, &[(user_limit(), 8), (0x1000, usize::MAX)])?;
    let error = IoVecs::import(array, 2, &mut storage).err();
    ensure!(error == Some(IoVecError::BadLength { index: 1 }), "{error:?}");
    ensure!(storage[..2] == [UserRange::EMPTY; 2], "a refused vector leaves ranges behind");
    // One element may claim any length, and is cut off.
    put_vector(addr, &[(0x1000, isize::MAX as usize)])?;
    let vector = IoVecs::import(array, 1, &mut storage).map_err(|error| format!("{error}"))?;
    ensure!(vector.total() == MAX_TOTAL, "{:#x}", vector.total());
    put_vector(addr, &[(0x1000, 8), (0x1000, isize::MAX as usize)])?;
    let error = IoVecs::import(array, 2, &mut storage).err();
    let refused = matches!(error, Some(IoVecError::Fault(f)) if f.kind == FaultKind::OutOfRange);
    ensure!(refused, "{error:?}");
    for (base, len) in [(user_limit(), 1), (user_limit() - 1, 2), (usize::MAX, 2), (usize::MAX, MAX_TOTAL)] {
        put_vector(addr, &[(base, len)])?;
        let error = IoVecs::import(array, 1, &mut storage).err();
        let refused = matches!(error, Some(IoVecError::Fault(f)) if f.kind == FaultKind::OutOfRange);
        ensure!(refused, "{base:#x}, {len:#x}: {error:?}");
    }
    // More than a call may transfer is cut off, not refused.
    put_vector(addr, &[(0x1000, MAX_TOTAL - 5), (0x2000, 0), (0x3000, 100), (0x4000, 100)])?;
    let vector = IoVecs::import(array, 4, &mut storage).map_err(|error| format!("{error}"))?;
    let lens: Vec<_> = vector.ranges().iter().map(UserRange::len).collect();
    ensure!(lens == [MAX_TOTAL - 5, 0, 5, 0] && vector.total() == MAX_TOTAL, "{lens:x?}");
    // A 32-bit program's.
    put(addr, &[0x00, 0x10, 0, 0, 9, 0, 0, 0, 0x00, 0x20, 0, 0, 0xff, 0xff, 0xff, 0x7f])?;
    let array = UserConstPtr::<IoVec32>::from(addr);
    let vector = IoVecs::import(array, 1, &mut storage).map_err(|error| format!("{error}"))?;
    ensure!(vector.ranges()[0].start() == 0x1000 && vector.total() == 9, "{vector:?}");
    put(addr + 4, &[0, 0, 0, 0x80])?;
    let error = IoVecs::import(array, 1, &mut storage).err();
    ensure!(error == Some(IoVecError::BadLength { index: 0 }), "{error:?}");
    // An array that ends at a bad page.
    let (_area, addr) = edge(site, 20);
    put_vector(addr, &[(0x1000, 1)])?;
    let error = IoVecs::import(UserConstPtr::<IoVec>::from(addr), 2, &mut storage).err();
    let failed = matches!(error, Some(IoVecError::Fault(fault)) if fault.addr == addr + 20);
    ensure!(failed, "{error:?}");
    Ok(())
}

pub(crate) fn scatter_gather(site: &mut dyn Site) -> Result<(), String> {
    let good = Area::user(site, &[Good], Content::Source);
    let (_area, addr) = edge(site, 30);
    let list = Area::user(site, &[Good], Content::Source);
    // 7 + 0 + 25 + 50 bytes, the last 20 of which are not there.
    put_vector(list.at(0), &[(good.at(5), 7), (0, 0), (good.at(100), 25), (addr, 50)])?;
    let mut storage = [UserRange::EMPTY; 4];
    let array = UserConstPtr::<IoVec>::from(list.at(0));
    let vector = IoVecs::import(array, 4, &mut storage).map_err(|error| format!("{error}"))?;
    // What user space does to the array now changes nothing.
    put_vector(list.at(0), &[(0, 1), (0, 1), (0, 1), (0, 1)])?;

    let sent: Vec<u8> = (1..=82).collect();
    for offset in 0..=90_usize {
        for len in 0..=sent.len() {
            let readable = 62_usize.saturating_sub(offset);
            let asked = len.min(82_usize.saturating_sub(offset));
            let mut back = vec![0; len];
            let (written, read) = (vector.write_at(offset, &sent[..len]), vector.read_at(offset, &mut back));
            let done = asked.min(readable);
            let expected = if asked <= readable { Ok(asked) } else { Err(done) };
            for outcome in [written, read] {
                let outcome = outcome.map_err(|fault| fault.done);
                ensure!(outcome == expected, "{len} bytes at {offset}: {outcome:?}");
            }
            ensure!(back[..done] == sent[..done], "{len} bytes at {offset}: {back:?}");
            ensure!(back[done..].iter().all(|&byte| byte == 0), "{len} bytes at {offset}: {back:?}");
        }
    }
    Ok(())
}

pub(crate) fn chunked(site: &mut dyn Site) -> Result<(), String> {
    let area = Area::user(site, &[Good, Good, Good, Unmapped], Content::Source);
    let len = 3 * PAGE - 100;
    for chunk in [1000, PAGE, PAGE + 1, len - 1, len, len + 1, usize::MAX] {
        let chunk = NonZeroUsize::new(chunk).ok_or("not 0")?;
        let mut buf = vec![0; len];
        let mut seen = Vec::new();
        let done = copy_from_user_chunked(&mut buf, area.at(100), chunk, |done| {
            seen.push(done);
            ControlFlow::Continue(())
        });
        ensure!(done == Ok(len) && buf == *area.expected(100..100 + len), "chunks of {chunk}: {done:?}");
        let points: Vec<_> =
            (1..).map(|i| chunk.get().saturating_mul(i)).take_while(|&at| at < len).collect();
        ensure!(seen == points, "chunks of {chunk}: {seen:?}");
    }
    // A break stops between chunks; the fault counts from the start; both can be resumed.
    let chunk = NonZeroUsize::new(1000).ok_or("not 0")?;
    let stop = |done: usize| if done == 2000 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
    let mut buf = vec![0xaa; len + 200];
    let done = copy_from_user_chunked(&mut buf, area.at(100), chunk, stop);
    ensure!(done == Ok(2000), "{done:?}");
    let fault = copy_from_user_chunked(&mut buf[2000..], area.at(2100), chunk, |_| ControlFlow::Continue(()));
    let found = fault.map_err(|fault| (fault.done, fault.addr));
    ensure!(found == Err((len - 2000, area.at(3 * PAGE))), "{fault:?}");
    ensure!(buf[..len] == *area.expected(100..100 + len) && buf[len..] == [0xaa; 200], "wrong bytes");

    let sent = vec![0x33; len + 200];
    let done = copy_to_user_chunked(area.at(100), &sent, chunk, stop);
    ensure!(done == Ok(2000), "{done:?}");
    let fault = copy_to_user_chunked(area.at(100), &sent, chunk, |_| ControlFlow::Continue(()));
    let found = fault.map_err(|fault| (fault.done, fault.addr));
    ensure!(found == Err((len, area.at(3 * PAGE))), "{fault:?}");
    ensure!(take(area.at(100), len)?.iter().all(|&byte| byte == 0x33), "wrong bytes");

    // A range that wraps fails where it leaves the user half, not where it wraps.
    let mut buf = [0; 10];
    let one = NonZeroUsize::MIN;
    let fault = copy_from_user_chunked(&mut buf, usize::MAX - 4, one, |_| ControlFlow::Continue(()));
    ensure!(fault.is_err_and(|f| (f.done, f.kind) == (0, FaultKind::OutOfRange)), "{fault:?}");
    Ok(())
}

fn bytes_of(value: Known) -> [u8; SIZE] {
    let mut bytes = [0; SIZE];
    for (chunk, word) in bytes.chunks_exact_mut(4).zip(value) {
        chunk.copy_from_slice(&word.to_ne_bytes());
    }
    bytes
}
