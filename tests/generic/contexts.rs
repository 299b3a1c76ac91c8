// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is generic over the context, an address space or a closure, and atomics.

use std::{
    num::NonZeroUsize,
    ops::ControlFlow,
    ptr,
    sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst},
};

use axptr::{
    Access, Context, Fit, UserConstPtr, UserPtr, UserRange, UserReader, UserWriter,
    atomic::{AtomicError, AtomicValue, UserAtomic},
    bulk, fault_in,
    futex::FutexOp,
    iovec::{IoVec, IoVecs},
    raw, region,
};

use crate::bed::{Bed, Space, same};

/// Calls everything, where `of` makes the pointers.
pub(crate) fn exercise<C: Context>(bed: &mut Bed, of: fn(usize) -> UserPtr<u8, C>) {
    for at in Bed::places(400) {
        let ptr = of(bed.addr(at));
        strings(bed, ptr, at);
        cursors(bed, ptr, at);
        vectors(bed, ptr, at);
    }
    let word = of(bed.addr(256)).cast::<u32>().atomic();
    bed.put(256, &5_u32.to_ne_bytes());
    bed.calls(&["FutexOp::apply"]);
    // Adds 2, and asks whether it was 5.
    assert_eq!(FutexOp::decode(1 << 28 | 2 << 12 | 5).unwrap().apply(word), Ok(true));
    bed.written(256, &7_u32.to_ne_bytes());
}

fn strings<C: Context>(bed: &mut Bed, ptr: UserPtr<u8, C>, at: usize) {
    bed.calls(&["UserPtr::as_cstr", "UserConstPtr::as_cstr"]);
    bed.calls(&["UserCStr::addr", "UserCStr::as_ptr", "UserCStr::nofault"]);
    bed.calls(&["UserCStr::len", "UserCStr::read", "UserCStr::read_truncated", "UserCStr::read_str"]);
    bed.calls(&["UserCStr::to_cstring", "UserCStr::to_string", "UserCStr::append_to"]);
    let text = "a string of 33 bytes, with ümlaut";
    bed.put(at, text.as_bytes());
    bed.put(at + text.len(), &[0]);
    let strings = [
        ptr.as_cstr(),
        ptr.cast::<i8>().as_cstr(),
        UserConstPtr::from(ptr).as_cstr(),
        UserConstPtr::from(ptr).cast::<i8>().as_cstr(),
    ];
    for string in strings {
        assert_eq!((string.addr(), string.as_ptr().addr()), (ptr.addr(), ptr.addr()));
        assert_eq!(string.len(100), Ok(text.len()));
        assert_eq!(string.nofault().len(100), Ok(text.len()));
        let mut buf = [0xee; 64];
        same(string.read(&mut buf).unwrap().to_bytes(), text.as_bytes());
        assert_eq!(buf[text.len() + 1..], [0xee; 64][text.len() + 1..]);
        assert_eq!(string.read_str(&mut buf), Ok(text));
        assert_eq!(string.read_truncated(&mut buf[..9]), Ok((c"a string", Fit::CutOff)));
        same(string.to_cstring(100).unwrap().as_bytes(), text.as_bytes());
        assert_eq!(string.to_string(100).as_deref(), Ok(text));
        let mut bytes = vec![7];
        assert_eq!(string.append_to(&mut bytes, 100), Ok(text.len()));
        same(&bytes, &[b"\x07", text.as_bytes()].concat());
    }
}

fn cursors<C: Context>(bed: &mut Bed, ptr: UserPtr<u8, C>, at: usize) {
    macro_rules! moves {
        ($cursor:ident, $make:expr) => {
            bed.calls(&[
                concat!(stringify!($cursor), "::nofault"),
                concat!(stringify!($cursor), "::remaining"),
                concat!(stringify!($cursor), "::addr"),
                concat!(stringify!($cursor), "::skip"),
                concat!(stringify!($cursor), "::truncate"),
                concat!(stringify!($cursor), "::split_to"),
            ]);
            let mut cursor: $cursor<C> = $make;
            assert_eq!((cursor.skip(10), cursor.remaining(), cursor.addr()), (10, 290, ptr.addr() + 10));
            cursor.truncate(50);
            let head = cursor.split_to(20).nofault();
            assert_eq!((head.remaining(), head.addr()), (20, ptr.addr() + 10));
            assert_eq!((cursor.skip(100), cursor.remaining(), cursor.addr()), (30, 0, ptr.addr() + 60));
        };
    }
    let slice = ptr.slice(300).unwrap();
    moves!(UserReader, UserReader::from(slice));
    moves!(UserWriter, UserWriter::from(slice));

    bed.calls(&[
        "UserReader::read",
        "UserReader::read_exact",
        "UserReader::read_cstr",
        "UserReader::read_to",
    ]);
    bed.calls(&["UserWriter::write", "UserWriter::write_all", "UserWriter::fill", "UserWriter::write_from"]);
    let there = bed.fresh(300);
    bed.put(at, &there);
    bed.put(at + 99, &[0]);
    let mut reader = UserReader::from(slice);
    let mut buf = [0; 100];
    assert_eq!(reader.read(&mut buf[..40]), Ok(40));
    reader.read_exact(&mut buf[40..50]).unwrap();
    same(&buf[..50], &there[..50]);
    same(reader.read_cstr(&mut buf).unwrap().to_bytes(), &there[50..99]);
    let mut writer = UserWriter::from(slice);
    writer.skip(200);
    let mut part = reader.split_to(30);
    assert_eq!(part.read_to(&mut writer), Ok(30));
    bed.written(at + 200, &there[100..130]);
    let mut part = reader.split_to(20);
    assert_eq!(writer.write_from(&mut part), Ok(20));
    bed.written(at + 230, &there[130..150]);
    assert_eq!(writer.write(b"some"), Ok(4));
    writer.write_all(b" more").unwrap();
    assert_eq!(writer.fill(b'!', 100), Ok(41));
    bed.written(at + 250, &[&b"some more"[..], &[b'!'; 41]].concat());
}

fn vectors<C: Context>(bed: &mut Bed, ptr: UserPtr<u8, C>, at: usize) {
    bed.calls(&["IoVecs::ranges", "IoVecs::total", "IoVecs::read_at", "IoVecs::write_at"]);
    let there = bed.fresh(300);
    bed.put(at, &there);
    let parts = [(200, 30), (0, 0), (0, 50), (100, 20)];
    let elements = parts.map(|(from, len)| IoVec { base: (ptr.addr() + from) as u64, len: len as u64 });
    let elements = elements.map(|element| [element.base.to_ne_bytes(), element.len.to_ne_bytes()].concat());
    bed.put(at + 300, &elements.concat());
    let mut storage = [UserRange::EMPTY; 9];
    let array = UserConstPtr::from(ptr).byte_add(300).cast::<IoVec>();
    let vector = IoVecs::import(array, 4, &mut storage).unwrap();
    assert_eq!((vector.ranges().len(), vector.total()), (4, 100));
    let whole = [&there[200..230], &there[..50], &there[100..120]].concat();
    let mut buf = [0; 200];
    assert_eq!(vector.read_at(0, &mut buf), Ok(100));
    same(&buf[..100], &whole);
    assert_eq!(vector.read_at(25, &mut buf[..60]), Ok(60));
    same(&buf[..60], &whole[25..85]);
    let new = bed.fresh(60);
    assert_eq!(vector.write_at(25, &new), Ok(60));
    let mut expected = there;
    for (at, byte) in (225..230).chain(0..50).chain(100..105).zip(new) {
        expected[at] = byte;
    }
    bed.written(at, &expected);
}

/// What has no form without the pager.
pub(crate) fn without_context(bed: &mut Bed) {
    for at in Bed::places(300) {
        let addr = bed.addr(at);
        let there = bed.fresh(300);
        bed.put(at, &there);

        bed.calls(&["region::copy_from_user", "region::copy_to_user", "region::fill_user"]);
        let mut buf = [0; 300];
        region::copy_from_user(&mut Space, &mut buf, addr).unwrap();
        same(&buf, &there);
        region::copy_to_user(&mut Space, addr, b"regions").unwrap();
        bed.written(at, b"regions");
        region::fill_user(&mut Space, addr + 100, 9, 50).unwrap();
        bed.written(at + 100, &[9; 50]);

        bed.calls(&["bulk::copy_from_user_chunked", "bulk::copy_to_user_chunked", "fault_in::in_windows"]);
        let chunk = const { NonZeroUsize::new(64).unwrap() };
        let mut pauses = Vec::new();
        let mut between = |done| {
            pauses.push(done);
            ControlFlow::Continue(())
        };
        bed.put(at, &there);
        assert_eq!(bulk::copy_from_user_chunked(&mut buf, addr, chunk, &mut between), Ok(300));
        same(&buf, &there);
        let new = bed.fresh(130);
        assert_eq!(bulk::copy_to_user_chunked(addr, &new, chunk, &mut between), Ok(130));
        assert_eq!(pauses, [64, 128, 192, 256, 64, 128]);
        bed.written(at, &new);
        let range = UserRange::new(addr, 300).unwrap();
        let mut parts = 0;
        fault_in::in_windows(range, Access::Write, |part, before| {
            parts += part.len();
            assert_eq!(part.start(), addr + before);
            axptr::nofault::fill_user(part.start(), 3, part.len())
        })
        .unwrap();
        assert_eq!(parts, 300);
        bed.written(at, &[3; 300]);

        bed.calls(&["UserConstPtr::get_as_str"]);
        bed.put(at + 10, b"earlier\0");
        let string = UserConstPtr::<core::ffi::c_char>::from(addr + 10);
        #[expect(deprecated, reason = "so it is")]
        let found = string.get_as_str(&mut Space);
        assert_eq!(found, Ok("earlier"));
    }
}

/// Loads and stores, by raw pointer too; an ordering that they lack accesses nothing.
fn in_an_ordering<T: AtomicValue + std::fmt::Debug, C: Context>(
    bed: &mut Bed,
    atomic: UserAtomic<T, C>,
    at: usize,
) {
    bed.calls(&["UserAtomic::load_with", "UserAtomic::store_with"]);
    bed.calls(&["raw::atomic_load", "raw::nofault::atomic_load"]);
    bed.calls(&["raw::atomic_store", "raw::nofault::atomic_store"]);
    let size = size_of::<T>();
    let place = ptr::with_exposed_provenance_mut::<T>(bed.addr(at));
    let absent = ptr::with_exposed_provenance_mut::<T>(bed.addr(bed.edge()));
    for order in [Relaxed, Acquire, Release, AcqRel, SeqCst] {
        let there = bed.fresh(size);
        bed.put(at, &there);
        let value = bytemuck::pod_read_unaligned::<T>(&there);
        // SAFETY: (1) the bed's; (2) an integer.
        let waiting = unsafe { raw::atomic_load(place, order) };
        // SAFETY: as above.
        let by_pointer = [waiting, unsafe { raw::nofault::atomic_load(place, order) }];
        let is_a_loads = matches!(order, Relaxed | Acquire | SeqCst);
        let expected = if is_a_loads { Ok(value) } else { Err(AtomicError::Ordering) };
        assert_eq!((atomic.load_with(order), by_pointer), (expected, [expected; 2]), "{order:?}");
        // SAFETY: (1) nothing is there.
        let fault = unsafe { raw::atomic_load(absent, order) };
        assert_eq!(matches!(fault, Err(AtomicError::Fault(_))), is_a_loads, "{order:?}");

        let is_a_stores = matches!(order, Relaxed | Release | SeqCst);
        let expected = if is_a_stores { Ok(()) } else { Err(AtomicError::Ordering) };
        for form in 0..3 {
            let new = bed.fresh(size);
            let value = bytemuck::pod_read_unaligned::<T>(&new);
            let stored = match form {
                0 => atomic.store_with(value, order),
                // SAFETY: (1) the bed's; (2) an integer.
                1 => unsafe { raw::atomic_store(place, value, order) },
                // SAFETY: as above.
                _ => unsafe { raw::nofault::atomic_store(place, value, order) },
            };
            assert_eq!(stored, expected, "{order:?}");
            bed.written(at, if is_a_stores { &new } else { &[] });
        }
    }
    if size > 1 {
        let odd = place.cast::<u8>().wrapping_add(1).cast::<T>();
        // SAFETY: (1) the bed's, or nothing; (2) an integer.
        assert_eq!(unsafe { raw::atomic_load(odd, SeqCst) }, Err(AtomicError::Misaligned));
        // SAFETY: as above.
        let stored = unsafe { raw::atomic_store(odd, bytemuck::Zeroable::zeroed(), SeqCst) };
        assert_eq!(stored, Err(AtomicError::Misaligned));
        bed.written(at, &[]);
    }
}

/// Computed in 64 bits, and cut off.
pub(crate) fn atomics<T: AtomicValue + std::fmt::Debug, C: Context>(
    bed: &mut Bed,
    of: fn(usize) -> UserPtr<T, C>,
) {
    bed.calls(&["UserPtr::atomic", "UserAtomic::as_ptr", "UserAtomic::load", "UserAtomic::store"]);
    bed.calls(&[
        "UserAtomic::swap",
        "UserAtomic::fetch_add",
        "UserAtomic::fetch_and",
        "UserAtomic::fetch_or",
    ]);
    bed.calls(&["UserAtomic::fetch_xor", "UserAtomic::fetch_and_not", "UserAtomic::compare_exchange"]);
    let size = size_of::<T>();
    // These machines are little-endian.
    let value = |bits: u64| bytemuck::pod_read_unaligned::<T>(&bits.to_le_bytes()[..size]);
    let patterns = [0, 1, 0x7f7f_7f7f_7f7f_7f7f, 0x8080_8080_8080_8080, 0xdead_beef_0bad_cafe, u64::MAX];
    for at in [64, 64 + 7 * size, bed.edge() - size] {
        let atomic = of(bed.addr(at)).atomic();
        assert_eq!(atomic.as_ptr().addr(), bed.addr(at));
        for (old, operand) in patterns.iter().flat_map(|old| patterns.map(|operand| (*old, operand))) {
            let mut step = |result: u64, found: Option<T>| {
                assert!(found.is_none_or(|found| found == value(old)), "{found:?} of {old:#x}, {operand:#x}");
                bed.written(at, &result.to_le_bytes()[..size]);
                bed.put(at, &old.to_le_bytes()[..size]);
            };
            step(old, atomic.store(value(old)).map(|()| None).unwrap());
            step(old, Some(atomic.load().unwrap()));
            step(operand, atomic.store(value(operand)).map(|()| None).unwrap());
            step(operand, Some(atomic.swap(value(operand)).unwrap()));
            step(old.wrapping_add(operand), Some(atomic.fetch_add(value(operand)).unwrap()));
            step(old & operand, Some(atomic.fetch_and(value(operand)).unwrap()));
            step(old | operand, Some(atomic.fetch_or(value(operand)).unwrap()));
            step(old ^ operand, Some(atomic.fetch_xor(value(operand)).unwrap()));
            step(old & !operand, Some(atomic.fetch_and_not(value(operand)).unwrap()));
            let (is_there, other) = (atomic.compare_exchange(value(old), value(operand)), value(!old));
            step(operand, Some(is_there.unwrap().unwrap()));
            step(old, Some(atomic.compare_exchange(other, value(operand)).unwrap().unwrap_err()));
        }
        for order in [Relaxed, Acquire, Release, AcqRel, SeqCst] {
            bed.calls(&["UserAtomic::swap_with", "UserAtomic::fetch_add_with", "UserAtomic::fetch_and_with"]);
            bed.calls(&["UserAtomic::fetch_or_with", "UserAtomic::fetch_xor_with"]);
            bed.calls(&["UserAtomic::fetch_and_not_with", "UserAtomic::compare_exchange_with"]);
            for (old, operand) in patterns.iter().flat_map(|old| patterns.map(|operand| (*old, operand))) {
                let mut step = |result: u64, found: T| {
                    assert!(found == value(old), "{found:?} of {old:#x}, {operand:#x}, {order:?}");
                    bed.written(at, &result.to_le_bytes()[..size]);
                    bed.put(at, &old.to_le_bytes()[..size]);
                };
                let new = value(operand);
                atomic.store(value(old)).unwrap();
                step(operand, atomic.swap_with(new, order).unwrap());
                step(old.wrapping_add(operand), atomic.fetch_add_with(new, order).unwrap());
                step(old & operand, atomic.fetch_and_with(new, order).unwrap());
                step(old | operand, atomic.fetch_or_with(new, order).unwrap());
                step(old ^ operand, atomic.fetch_xor_with(new, order).unwrap());
                step(old & !operand, atomic.fetch_and_not_with(new, order).unwrap());
                for failure in [Relaxed, Acquire, SeqCst] {
                    let found = atomic.compare_exchange_with(value(old), new, order, failure);
                    step(operand, found.unwrap().unwrap());
                    let found = atomic.compare_exchange_with(value(!old), new, order, failure);
                    step(old, found.unwrap().unwrap_err());
                }
                for failure in [Release, AcqRel] {
                    let found = atomic.compare_exchange_with(value(old), new, order, failure);
                    assert_eq!(found, Err(AtomicError::Ordering));
                    step(old, value(old));
                }
            }
        }
        in_an_ordering(bed, atomic, at);
    }
}
