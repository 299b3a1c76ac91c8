// SPDX-License-Identifier: MIT OR Apache-2.0
//! Vectors of user ranges, whose array and whose ranges lie anywhere.
#![no_main]

use arbitrary::Arbitrary;
use axptr::{
    Access, UserConstPtr, UserRange,
    iovec::{IOV_MAX, IoVec, IoVec32, IoVecError, IoVecs, MAX_TOTAL, RawIoVec},
};
use axptr_fuzz::{May, PAGES, Place, SIZE, World, is_user};
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
struct Input {
    pages: [May; PAGES],
    array: Place,
    elements: Vec<(Place, Length)>,
    count: u16,
    room: u8,
    narrow: bool,
    offset: u16,
    len: u16,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Length {
    Short(u8),
    Long(u16),
    Any(u64),
}

fuzz_target!(|input: Input| {
    let mut world = World::new(input.pages, &[], 0x5a);
    let array = world.at(input.array);
    // What the program has put there: as many elements as its pages hold.
    let size = if input.narrow { size_of::<IoVec32>() } else { size_of::<IoVec>() };
    for (index, &(place, length)) in input.elements.iter().enumerate() {
        let base = world.at(place) as u64;
        let len = match length {
            Length::Short(len) => u64::from(len),
            Length::Long(len) => u64::from(len),
            Length::Any(len) => len,
        };
        let Some(offset) = world.offset(array.wrapping_add(index * size)) else { break };
        let raw = if input.narrow {
            [(base as u32).to_ne_bytes(), (len as u32).to_ne_bytes()].concat()
        } else {
            [base.to_ne_bytes(), len.to_ne_bytes()].concat()
        };
        let end = (offset + size).min(SIZE);
        world.memory()[offset..end].copy_from_slice(&raw[..end - offset]);
    }
    if input.narrow {
        import::<IoVec32>(&mut world, array, &input, i32::MAX as u64);
    } else {
        import::<IoVec>(&mut world, array, &input, i64::MAX as u64);
    }
});

/// What the elements are, as far as they are readable, one after another.
fn elements(world: &mut World, array: usize, count: usize, size: usize) -> Result<Vec<[u64; 2]>, usize> {
    let mut all = Vec::new();
    for index in 0..count {
        let mut words = [0; 2];
        for (half, word) in words.iter_mut().enumerate() {
            let mut bytes = [0; 8];
            for (at, byte) in bytes.iter_mut().enumerate().take(size / 2) {
                let addr = array + index * size + half * size / 2 + at;
                let Some(found) = world.byte(addr) else { return Err(index) };
                *byte = found;
            }
            *word = u64::from_le_bytes(bytes);
        }
        all.push(words);
    }
    Ok(all)
}

fn import<V: RawIoVec>(world: &mut World, array: usize, input: &Input, most: u64) {
    let size = size_of::<V>();
    // Mostly counts that can be met.
    let count = usize::from(if input.count & 0x8000 == 0 { input.count % 40 } else { input.count & 0x7fff });
    let mut storage = vec![UserRange::EMPTY; 4 * usize::from(input.room)];
    let room = storage.len();
    let answer = IoVecs::import(UserConstPtr::<V>::from(array), count, &mut storage);

    if count > IOV_MAX || count > room {
        assert!(matches!(answer, Err(IoVecError::TooMany)), "{answer:?}");
        return;
    }
    let refused =
        || matches!(&answer, Err(IoVecError::Fault(fault)) if (fault.done, fault.addr) == (0, array));
    if !is_user(array, count * size) {
        assert!(refused(), "{answer:?}");
        return;
    }
    // Lengths come first, up to where the array ends; then addresses.
    let readable = world.reach(array, count * size, Access::Read);
    let whole = elements(world, array, readable / size, size).expect("they were found to be readable");
    if let Some(bad) = whole.iter().position(|[_, len]| *len > most) {
        assert!(matches!(answer, Err(IoVecError::BadLength { index }) if index == bad), "{answer:?}");
        return;
    }
    if readable < count * size {
        let Err(IoVecError::Fault(fault)) = answer else { panic!("{answer:?}") };
        world.judge_fault(fault, array, readable, Access::Read);
        return;
    }
    let ranges: Vec<(usize, usize)> =
        whole.iter().map(|&[base, len]| (base as usize, len as usize)).collect();
    // One alone is cut off before it is checked.
    let checked = |&(base, len): &(usize, usize)| {
        is_user(base, if ranges.len() == 1 { len.min(MAX_TOTAL) } else { len })
    };
    if let Some(&(base, _)) = ranges.iter().find(|range| !checked(range)) {
        let Err(IoVecError::Fault(fault)) = answer else { panic!("{answer:?}") };
        assert_eq!((fault.done, fault.addr), (0, base));
        return;
    }
    let vector = answer.expect("nothing is wrong with it");
    let mut total = 0;
    for (range, &(base, len)) in vector.ranges().iter().zip(&ranges) {
        let len = len.min(MAX_TOTAL - total);
        total += len;
        assert_eq!((range.start(), range.len()), (base, len));
    }
    assert_eq!((vector.ranges().len(), vector.total()), (count, total));
    transfer(world, &vector, input);
}

/// The addresses of the vector's bytes from `offset` on, at most `len`.
fn bytes(vector: &IoVecs, offset: usize, len: usize) -> Vec<usize> {
    let (mut skip, mut all) = (offset, Vec::new());
    for range in vector.ranges() {
        let skipped = skip.min(range.len());
        skip -= skipped;
        let rest = (range.len() - skipped).min(len - all.len());
        all.extend((0..rest).map(|at| range.start() + skipped + at));
    }
    all
}

fn transfer(world: &mut World, vector: &IoVecs, input: &Input) {
    let offset = usize::from(input.offset);
    let len = usize::from(input.len) % 9000;
    let addrs = bytes(vector, offset, len);

    let good = addrs.iter().take_while(|&&addr| world.may(addr, Access::Read)).count();
    let expected: Vec<u8> = addrs[..good].iter().map(|&addr| world.byte(addr).unwrap()).collect();
    let mut buf = vec![0xee; len];
    let answer = vector.read_at(offset, &mut buf);
    assert_eq!(buf[..good], expected);
    assert!(buf[good..].iter().all(|&byte| byte == 0xee));
    match answer {
        Ok(done) => assert_eq!((done, good), (addrs.len(), addrs.len())),
        Err(fault) => assert_eq!((fault.done, fault.addr, fault.access), (good, addrs[good], Access::Read)),
    }

    let good = addrs.iter().take_while(|&&addr| world.may(addr, Access::Write)).count();
    let sent: Vec<u8> = (0..len).map(|at| at as u8 ^ 0xc3).collect();
    let mut expected = world.memory().to_vec();
    for (at, &addr) in addrs[..good].iter().enumerate() {
        expected[world.offset(addr).unwrap()] = sent[at];
    }
    let answer = vector.write_at(offset, &sent);
    assert_eq!(world.memory(), expected);
    match answer {
        Ok(done) => assert_eq!((done, good), (addrs.len(), addrs.len())),
        Err(fault) => assert_eq!((fault.done, fault.addr, fault.access), (good, addrs[good], Access::Write)),
    }
}
