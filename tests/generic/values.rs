// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is generic over the type of a value.
//!
//! Nothing here is to be inlined into its caller: two hundred types are enough for the compiler.

use core::mem::{MaybeUninit, offset_of};

use axptr::{
    Context, CursorError, Fit, Limit, UserConstPtr, UserPtr, UserRange, UserReader, UserWriter,
    iovec::IoVecs,
    probe, scope,
    structs::{self, StructError},
    user_field,
};
use bytemuck::{bytes_of, cast_slice, pod_read_unaligned};

use crate::{
    bed::{Bed, Space, fault, same},
    plain::Plain,
};

/// How many values there are.
const COUNT: usize = 5;

/// Calls everything, where `of` makes the pointers.
#[inline(never)]
pub(crate) fn exercise<T: Plain, C: Context>(bed: &mut Bed, of: fn(usize) -> UserPtr<T, C>) {
    for at in Bed::places(COUNT * size_of::<T>()) {
        let ptr = of(bed.addr(at));
        accesses(bed, ptr, at);
        slices(bed, ptr, at);
        arrays(bed, ptr, at);
        extensible_structs(bed, ptr, at);
        batches(bed, ptr, at);
        cursors(bed, ptr, at);
        vectors(bed, ptr, at);
    }
    at_an_edge(bed, of);
}

/// The values of these bytes.
#[inline(never)]
fn values<T: Plain>(bytes: &[u8]) -> Vec<T> {
    let value = |index| pod_read_unaligned(&bytes[index * size_of::<T>()..][..size_of::<T>()]);
    (0..COUNT).map(value).collect()
}

/// A pointer is a number, in each context the same: what is computed with it is exact, or the last address there is.
#[inline(never)]
pub(crate) fn pointers<T: Plain, C: Context>(bed: &mut Bed, ptr: UserPtr<T, C>) {
    #[repr(C)]
    struct Pair<T> {
        _head: u8,
        value: T,
    }
    macro_rules! numbers {
        ($pointer:ident, $ptr:expr) => {
            bed.calls(&[
                concat!(stringify!($pointer), "::addr"),
                concat!(stringify!($pointer), "::is_null"),
                concat!(stringify!($pointer), "::nullable"),
                concat!(stringify!($pointer), "::cast"),
                concat!(stringify!($pointer), "::add"),
                concat!(stringify!($pointer), "::checked_add"),
                concat!(stringify!($pointer), "::byte_add"),
                concat!(stringify!($pointer), "::byte_sub"),
                concat!(stringify!($pointer), "::project"),
                concat!(stringify!($pointer), "::nofault"),
            ]);
            let (ptr, size) = ($ptr, size_of::<T>());
            let addr = ptr.addr();
            let far = usize::MAX / 2;
            let most = addr.saturating_add(far.saturating_mul(2).saturating_mul(size));
            let field = user_field!(ptr.cast::<Pair<T>>(), Pair<T>, value);
            let found = [
                ptr.nofault().addr(),
                ptr.cast::<[u16; 3]>().addr(),
                ptr.add(2).addr(),
                ptr.add(usize::MAX - 1).addr(),
                ptr.checked_add(3).map_or(0, |ptr| ptr.addr()),
                ptr.byte_add(5).addr(),
                ptr.byte_sub(7).addr(),
                ptr.byte_sub(usize::MAX).addr(),
                field.addr(),
                ptr.nullable().map_or(0, |ptr| ptr.addr()),
            ];
            let offset = offset_of!(Pair<T>, value);
            let expected = [
                addr,
                addr,
                addr + 2 * size,
                most,
                addr + 3 * size,
                addr + 5,
                addr - 7,
                0,
                addr + offset,
                addr,
            ];
            assert_eq!(found, expected, "{size} bytes");
            assert_eq!(ptr.checked_add(usize::MAX).is_some(), size == 0);
            assert!(!ptr.is_null() && ptr.byte_sub(addr).nullable().is_none());
        };
    }
    numbers!(UserPtr, ptr);
    numbers!(UserConstPtr, UserConstPtr::from(ptr));
}

#[inline(never)]
fn accesses<T: Plain, C: Context>(bed: &mut Bed, ptr: UserPtr<T, C>, at: usize) {
    bed.calls(&["UserPtr::read", "UserPtr::read_into", "UserPtr::read_slice"]);
    bed.calls(&["UserConstPtr::read", "UserConstPtr::read_into", "UserConstPtr::read_slice"]);
    bed.calls(&["UserPtr::read_uninit", "UserConstPtr::read_uninit"]);
    bed.calls(&["UserPtr::write", "UserPtr::write_slice"]);
    let size = size_of::<T>();
    let there = bed.fresh(COUNT * size);
    bed.put(at, &there);
    let read_only = UserConstPtr::from(ptr);
    same(bytes_of(&ptr.read().unwrap()), &there[..size]);
    same(bytes_of(&read_only.add(1).read().unwrap()), &there[size..2 * size]);
    let mut value = T::default();
    ptr.add(2).read_into(&mut value).unwrap();
    same(bytes_of(&value), &there[2 * size..3 * size]);
    read_only.add(3).read_into(&mut value).unwrap();
    same(bytes_of(&value), &there[3 * size..4 * size]);
    let mut any = MaybeUninit::<T>::uninit();
    ptr.add(1).read_uninit(&mut any).unwrap();
    // SAFETY: a `T` is bytes, which have all been read.
    same(bytes_of(unsafe { any.assume_init_ref() }), &there[size..2 * size]);
    read_only.read_uninit(&mut any).unwrap();
    // SAFETY: as above.
    same(bytes_of(unsafe { any.assume_init_ref() }), &there[..size]);
    let mut several = [T::default(); 3];
    ptr.read_slice(&mut several).unwrap();
    same(cast_slice(&several), &there[..3 * size]);
    read_only.add(1).read_slice(&mut several).unwrap();
    same(cast_slice(&several), &there[size..4 * size]);

    let new = bed.fresh(COUNT * size);
    let values = values::<T>(&new);
    ptr.add(1).write(values[1]).unwrap();
    bed.written(at + size, &new[size..2 * size]);
    ptr.add(2).write_slice(&values[2..4]).unwrap();
    bed.written(at + 2 * size, &new[2 * size..4 * size]);
}

#[inline(never)]
fn slices<T: Plain, C: Context>(bed: &mut Bed, ptr: UserPtr<T, C>, at: usize) {
    let size = size_of::<T>();
    let there = bed.fresh(COUNT * size);
    bed.put(at, &there);
    let values_there = values::<T>(&there);
    macro_rules! looking {
        ($slice:ident, $pointer:ident, $ptr:expr) => {
            bed.calls(&[
                concat!(stringify!($pointer), "::slice"),
                concat!(stringify!($slice), "::len"),
                concat!(stringify!($slice), "::is_empty"),
                concat!(stringify!($slice), "::as_ptr"),
                concat!(stringify!($slice), "::bytes"),
                concat!(stringify!($slice), "::get"),
                concat!(stringify!($slice), "::part"),
                concat!(stringify!($slice), "::split_at"),
                concat!(stringify!($slice), "::read_into"),
                concat!(stringify!($slice), "::compare"),
                concat!(stringify!($slice), "::is_zeroed"),
                concat!(stringify!($slice), "::to_vec"),
                concat!(stringify!($slice), "::append_to"),
            ]);
            let ptr = $ptr;
            let slice = ptr.slice(COUNT).unwrap();
            assert!(ptr.slice(usize::MAX).is_ok() == (size == 0));
            assert_eq!((slice.len(), slice.is_empty(), slice.as_ptr().addr()), (COUNT, false, ptr.addr()));
            assert_eq!((slice.bytes().start(), slice.bytes().len()), (ptr.addr(), COUNT * size));
            assert_eq!(slice.get(4).map(|ptr| ptr.addr()), Some(ptr.addr() + 4 * size));
            assert!(slice.get(COUNT).is_none() && slice.part(4..6).is_none() && slice.split_at(6).is_none());
            let (head, tail) = slice.part(1..5).unwrap().split_at(1).unwrap();
            assert_eq!((head.len(), tail.len(), tail.as_ptr().addr()), (1, 3, ptr.addr() + 2 * size));
            let mut buf = [T::default(); 4];
            assert_eq!(tail.read_into(&mut buf), Ok(3));
            same(cast_slice(&buf[..3]), &there[2 * size..]);
            assert_eq!(slice.read_into(&mut buf), Ok(4));
            same(cast_slice(&buf), &there[..4 * size]);
            assert_eq!(slice.compare(&values_there), Ok(None));
            let differs = (size > 0).then_some(2 * size);
            let mut others = values_there.clone();
            others[2] = T::default();
            assert_eq!(slice.compare(&others), Ok(differs));
            assert_eq!(slice.is_zeroed(), Ok(size == 0));
            same(cast_slice(&slice.to_vec().unwrap()), &there);
            let mut vector = vec![T::default()];
            tail.append_to(&mut vector).unwrap();
            assert_eq!(vector.len(), 4);
            same(cast_slice(&vector[1..]), &there[2 * size..]);
        };
    }
    looking!(UserSlice, UserPtr, ptr);
    looking!(UserConstSlice, UserConstPtr, UserConstPtr::from(ptr));

    bed.calls(&["UserSlice::write_from", "UserSlice::fill_bytes"]);
    let new = bed.fresh(COUNT * size);
    let slice = ptr.slice(4).unwrap();
    assert_eq!(slice.write_from(&values::<T>(&new)), Ok(4));
    bed.written(at, &new[..4 * size]);
    slice.part(1..3).unwrap().fill_bytes(0xfe).unwrap();
    bed.written(at + size, &vec![0xfe; 2 * size]);
}

#[inline(never)]
fn arrays<T: Plain, C: Context>(bed: &mut Bed, ptr: UserPtr<T, C>, at: usize) {
    let size = size_of::<T>();
    let there = bed.fresh(3 * size);
    bed.put(at, &there);
    bed.put(at + 3 * size, &vec![0; size]);
    // All bytes of no byte are 0.
    let count = if size == 0 { 0 } else { 3 };
    macro_rules! terminated {
        ($pointer:ident, $ptr:expr) => {
            bed.calls(&[
                concat!(stringify!($pointer), "::read_until_zero"),
                concat!(stringify!($pointer), "::to_vec_until_zero"),
                concat!(stringify!($pointer), "::append_until_zero"),
            ]);
            let mut buf: Vec<T> = values(&there.repeat(2));
            assert_eq!($ptr.read_until_zero(&mut buf), Ok(count));
            same(cast_slice(&buf[..count]), &there[..count * size]);
            let values = $ptr.to_vec_until_zero(Limit::Elements(COUNT)).unwrap();
            same(cast_slice(&values), &there[..count * size]);
            let mut values = vec![T::default(); 2];
            assert_eq!($ptr.append_until_zero(&mut values, Limit::Bytes(4 * size)), Ok(count));
            assert_eq!(values.len(), 2 + count);
            same(cast_slice(&values[2..]), &there[..count * size]);
        };
    }
    terminated!(UserPtr, ptr);
    terminated!(UserConstPtr, UserConstPtr::from(ptr));
}

#[inline(never)]
fn extensible_structs<T: Plain, C: Context>(bed: &mut Bed, ptr: UserPtr<T, C>, at: usize) {
    bed.calls(&["UserConstPtr::read_struct", "UserPtr::write_struct"]);
    let size = size_of::<T>();
    let room = COUNT * size;
    for user_size in [0, size / 2, size, size + 9, size + 160] {
        if user_size > room {
            continue;
        }
        let there = bed.fresh(user_size.min(size));
        bed.put(at, &there);
        bed.put(at + there.len(), &vec![0; user_size - there.len()]);
        let mut expected = there.clone();
        expected.resize(size, 0);
        let read = UserConstPtr::from(ptr).read_struct(user_size);
        let is_too_big = user_size > structs::MAX_STRUCT_SIZE.max(size);
        match read {
            Ok(value) => same(bytes_of(&value), &expected),
            Err(error) => assert!(is_too_big && error == StructError::TooBig, "{size}, {user_size}: {error}"),
        }
        let new = bed.fresh(size);
        let written = ptr.write_struct(user_size, &pod_read_unaligned(&new));
        if is_too_big {
            assert_eq!(written, Err(StructError::TooBig));
            bed.written(at, &[]);
        } else {
            assert_eq!(written, Ok(if user_size < size { Fit::CutOff } else { Fit::Whole }));
            let mut sent = new;
            sent.resize(user_size, 0);
            bed.written(at, &sent);
        }
    }
}

#[inline(never)]
fn batches<T: Plain, C: Context>(bed: &mut Bed, ptr: UserPtr<T, C>, at: usize) {
    bed.calls(&["scope::run", "UserPtr::reading", "UserConstPtr::reading", "UserPtr::writing"]);
    let size = size_of::<T>();
    let there = bed.fresh(COUNT * size);
    bed.put(at, &there);
    let read_only = UserConstPtr::from(ptr);
    let (first, rest) = scope::run((
        ptr.reading(),
        [read_only.add(1).reading(), read_only.add(2).reading(), ptr.add(3).reading()],
    ))
    .unwrap();
    same(bytes_of(&first), &there[..size]);
    same(cast_slice(&rest), &there[size..4 * size]);
    let new = bed.fresh(COUNT * size);
    let values = values::<T>(&new);
    scope::run((ptr.writing(values[0]), [1, 2].map(|index| ptr.add(index).writing(values[index])))).unwrap();
    bed.written(at, &new[..3 * size]);
    scope::run(&[ptr.add(4).writing(values[4])][..]).unwrap();
    bed.written(at + 4 * size, &new[4 * size..]);
}

#[inline(never)]
fn cursors<T: Plain, C: Context>(bed: &mut Bed, ptr: UserPtr<T, C>, at: usize) {
    bed.calls(&["UserReader::read_value", "UserWriter::write_value"]);
    let size = size_of::<T>();
    let there = bed.fresh(2 * size);
    bed.put(at, &there);
    let mut readers = [
        UserReader::from(ptr.slice(2).unwrap()),
        UserReader::from(UserConstPtr::from(ptr).slice(2).unwrap()),
    ];
    for reader in &mut readers {
        same(bytes_of(&reader.read_value::<T>().unwrap()), &there[..size]);
        same(bytes_of(&reader.read_value::<T>().unwrap()), &there[size..]);
        assert_eq!((reader.remaining(), reader.addr()), (0, ptr.addr() + 2 * size));
        let end = reader.read_value::<T>().map(|value| bytes_of(&value).len());
        assert_eq!(end, if size == 0 { Ok(0) } else { Err(CursorError::End) });
    }
    let new = bed.fresh(2 * size);
    let values = [pod_read_unaligned::<T>(&new[..size]), pod_read_unaligned(&new[size..])];
    let mut writer = UserWriter::from(ptr.slice(2).unwrap());
    writer.write_value(values[0]).unwrap();
    writer.write_value(values[1]).unwrap();
    bed.written(at, &new);
    assert_eq!(writer.write_value(values[0]), if size == 0 { Ok(()) } else { Err(CursorError::End) });
    bed.written(at, &[]);
}

#[inline(never)]
fn vectors<T: Plain, C: Context>(bed: &mut Bed, ptr: UserPtr<T, C>, at: usize) {
    bed.calls(&["IoVecs::import"]);
    let there = bed.fresh(3 * size_of::<T>());
    bed.put(at, &there);
    let mut storage = [UserRange::EMPTY; 4];
    let vector = IoVecs::import(UserConstPtr::from(ptr), 3, &mut storage).unwrap();
    let parts = values::<T>(&there.repeat(2)).into_iter().take(3).map(|value| value.parts().unwrap());
    let found = vector.ranges().iter().map(|range| (range.start(), range.len()));
    assert!(found.eq(parts), "{} bytes", size_of::<T>());
}

/// A value that reaches over the edge is done in front of it.
#[inline(never)]
fn at_an_edge<T: Plain, C: Context>(bed: &mut Bed, of: fn(usize) -> UserPtr<T, C>) {
    let size = size_of::<T>();
    if size == 0 {
        return;
    }
    for done in [0, size / 2, size - 1] {
        let at = bed.edge() - done;
        let ptr = of(bed.addr(at));
        let there = bed.fresh(done);
        bed.put(at, &there);
        fault(ptr.read().map(drop), ptr.addr(), done);
        let new = bed.fresh(size);
        let mut value: T = pod_read_unaligned(&new);
        fault(ptr.read_into(&mut value), ptr.addr(), done);
        same(bytes_of(&value), &[&there[..], &new[done..]].concat());
        fault(scope::run(ptr.reading()).map(drop), ptr.addr(), done);
        let new = bed.fresh(size);
        fault(ptr.write(pod_read_unaligned(&new)), ptr.addr(), done);
        bed.written(at, &new[..done]);
        let new = bed.fresh(size);
        fault(scope::run(ptr.writing(pod_read_unaligned(&new))), ptr.addr(), done);
        bed.written(at, &new[..done]);
    }
}

/// What has no form without the pager.
#[inline(never)]
pub(crate) fn without_context<T: Plain>(bed: &mut Bed) {
    let size = size_of::<T>();
    for at in Bed::places(COUNT * size) {
        let addr = bed.addr(at);
        let (ptr, read_only) = (UserPtr::<T>::from(addr), UserConstPtr::<T>::new(addr));
        let there = bed.fresh(COUNT * size);
        bed.put(at, &there);

        pointers(bed, ptr);

        bed.calls(&["UserPtr::new", "UserConstPtr::new", "probe::read"]);
        assert_eq!((ptr, read_only.addr()), (UserPtr::new(addr), addr));
        // SAFETY: (1) no device is here.
        same(bytes_of(&unsafe { probe::read::<T>(addr) }.unwrap()), &there[..size]);

        bed.calls(&["UserPtr::read_in", "UserPtr::read_slice_in"]);
        bed.calls(&["UserConstPtr::read_in", "UserConstPtr::read_slice_in"]);
        same(bytes_of(&ptr.read_in(&mut Space).unwrap()), &there[..size]);
        same(bytes_of(&read_only.add(1).read_in(&mut Space).unwrap()), &there[size..2 * size]);
        let mut several = [T::default(); 3];
        ptr.read_slice_in(&mut Space, &mut several).unwrap();
        same(cast_slice(&several), &there[..3 * size]);
        read_only.add(2).read_slice_in(&mut Space, &mut several).unwrap();
        same(cast_slice(&several), &there[2 * size..]);

        bed.calls(&["UserPtr::write_in", "UserPtr::write_slice_in"]);
        let new = bed.fresh(COUNT * size);
        let values = values::<T>(&new);
        ptr.write_in(&mut Space, values[0]).unwrap();
        bed.written(at, &new[..size]);
        ptr.add(2).write_slice_in(&mut Space, &values[2..]).unwrap();
        bed.written(at + 2 * size, &new[2 * size..]);

        bed.calls(&["structs::read_struct", "structs::write_struct"]);
        same(bytes_of(&structs::read_struct(read_only, size).unwrap()), &new[..size]);
        assert_eq!(structs::write_struct(ptr.add(1), size, &values[1]), Ok(Fit::Whole));
        bed.written(at + size, &new[size..2 * size]);

        if addr.is_multiple_of(align_of::<T>()) {
            references::<T>(bed, at);
        }
    }
}

/// The methods of the earlier library.
#[expect(deprecated, reason = "so they are")]
#[inline(never)]
fn references<T: Plain>(bed: &mut Bed, at: usize) {
    let size = size_of::<T>();
    let addr = bed.addr(at);
    let (mut ptr, read_only) = (UserPtr::<T>::from(addr), UserConstPtr::<T>::from(addr));
    let there = bed.fresh(3 * size);
    bed.put(at, &there);
    bed.put(at + 3 * size, &vec![0; size]);
    let count = if size == 0 { 0 } else { 3 };
    macro_rules! earlier {
        ($pointer:ident, $ptr:expr) => {
            bed.calls(&[
                concat!(stringify!($pointer), "::address"),
                concat!(stringify!($pointer), "::as_ptr"),
                concat!(stringify!($pointer), "::get"),
                concat!(stringify!($pointer), "::get_as_slice"),
                concat!(stringify!($pointer), "::get_as_null_terminated"),
            ]);
            assert_eq!($ptr.address().as_usize(), addr);
            // SAFETY: (1) it is not dereferenced.
            assert_eq!(unsafe { $ptr.as_ptr() }.addr(), addr);
            same(bytes_of(&*$ptr.get(&mut Space).unwrap()), &there[..size]);
            same(cast_slice(&*$ptr.get_as_slice(&mut Space, 3).unwrap()), &there);
            same(cast_slice(&*$ptr.get_as_null_terminated(&mut Space).unwrap()), &there[..count * size]);
        };
    }
    earlier!(UserPtr, ptr);
    earlier!(UserConstPtr, read_only);
}
