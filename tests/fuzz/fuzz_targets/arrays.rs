// SPDX-License-Identifier: MIT OR Apache-2.0
//! Arrays that end with a zero element, of elements of any size.
#![no_main]

use arbitrary::Arbitrary;
use axptr::{Access, AnyBitPattern, Limit, NoUninit, UserConstPtr, cstr::StringError};
use axptr_fuzz::{May, PAGE, PAGES, Place, World};
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    pages: [May; PAGES],
    bytes: &'a [u8],
    rest: u8,
    place: Place,
    limit: Most,
    element: u8,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Most {
    Elements(u64),
    Few(u16),
    Bytes(u64),
    FewBytes(u16),
}

fuzz_target!(|input: Input| {
    let mut world = World::new(input.pages, input.bytes, input.rest);
    match input.element % 6 {
        0 => array::<u8>(&mut world, &input),
        1 => array::<u16>(&mut world, &input),
        2 => array::<u32>(&mut world, &input),
        3 => array::<u64>(&mut world, &input),
        4 => array::<[u8; 3]>(&mut world, &input),
        _ => array::<[u64; 3]>(&mut world, &input),
    }
});

fn array<T: AnyBitPattern + NoUninit + std::fmt::Debug>(world: &mut World, input: &Input) {
    let size = size_of::<T>();
    let start = world.at(input.place);
    let (limit, most) = match input.limit {
        Most::Elements(count) => (Limit::Elements(count as usize), count as usize),
        Most::Few(count) => (Limit::Elements(count.into()), count.into()),
        Most::Bytes(bytes) => (Limit::Bytes(bytes as usize), bytes as usize / size),
        Most::FewBytes(bytes) => (Limit::Bytes(bytes.into()), usize::from(bytes) / size),
    };
    let array = UserConstPtr::<T>::from(start);

    let mut values = Vec::new();
    let answer = array.append_until_zero(&mut values, limit);
    judge::<T>(world, &answer, start, most, &values, 0);
    let owned = array.to_vec_until_zero(limit);
    assert_eq!(owned.as_ref().map(Vec::len).map_err(|error| *error), answer);
    if let Ok(owned) = owned {
        assert_eq!(bytemuck::cast_slice::<T, u8>(&owned), bytemuck::cast_slice::<T, u8>(&values));
    }

    let room = most % (4 * PAGE / size);
    let old: T = bytemuck::pod_read_unaligned(&vec![0xee; size]);
    let mut buf = vec![old; room];
    let answer = array.read_until_zero(&mut buf);
    judge::<T>(world, &answer, start, room, &buf, 0xee);
}

/// Holds the answer and what was read against the program's bytes. Behind it `values` has `old` bytes, or ends.
fn judge<T: NoUninit>(
    world: &mut World,
    answer: &Result<usize, StringError>,
    start: usize,
    most: usize,
    values: &[T],
    old: u8,
) {
    let size = size_of::<T>();
    let found: &[u8] = bytemuck::cast_slice(values);
    let mut done = 0;
    // The bytes of one element after another, until one decides.
    let whole = loop {
        if done == most {
            assert_eq!(*answer, Err(StringError::TooLong));
            break done;
        }
        let Some(addr) = start.checked_add(done * size) else {
            assert!(
                matches!(answer, Err(StringError::Fault(fault)) if fault.done == done * size),
                "{answer:?}"
            );
            break done;
        };
        let reach = world.reach(addr, size, Access::Read);
        if reach < size {
            let Err(StringError::Fault(fault)) = *answer else { panic!("{answer:?} at {done} elements") };
            world.judge_fault(fault, start, done * size + reach, Access::Read);
            break done;
        }
        let element: Vec<u8> = (addr..addr + size).map(|addr| world.byte(addr).unwrap()).collect();
        if element.iter().all(|&byte| byte == 0) {
            assert_eq!(*answer, Ok(done));
            if old != 0 {
                assert_eq!(found[done * size..][..size], element);
            }
            break done;
        }
        assert_eq!(found[done * size..][..size], element);
        done += 1;
    };
    let zero = usize::from(old != 0 && answer.is_ok());
    assert!(found[(whole + zero) * size..].iter().all(|&byte| byte == old && old != 0));
}
