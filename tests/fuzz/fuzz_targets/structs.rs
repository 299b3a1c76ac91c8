// SPDX-License-Identifier: MIT OR Apache-2.0
//! Structs of which user space and the kernel know different sizes.
#![no_main]

use arbitrary::Arbitrary;
use axptr::{
    Access, AnyBitPattern, Fit, NoUninit, UserConstPtr, UserPtr,
    structs::{self, MAX_STRUCT_SIZE, StructError},
};
use axptr_fuzz::{May, PAGES, Place, World};
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    pages: [May; PAGES],
    bytes: &'a [u8],
    rest: u8,
    place: Place,
    size: Size,
    kernel: u8,
    value: [u8; 32],
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Size {
    Small(u8),
    Pages(u16),
    Any(u64),
}

fuzz_target!(|input: Input| {
    let mut world = World::new(input.pages, input.bytes, input.rest);
    let size = match input.size {
        Size::Small(size) => usize::from(size),
        Size::Pages(size) => usize::from(size) % 5000,
        Size::Any(size) => size as usize,
    };
    zeroed(&mut world, &input, size);
    match input.kernel % 5 {
        0 => both::<u8>(&mut world, &input, size),
        1 => both::<u32>(&mut world, &input, size),
        2 => both::<[u64; 3]>(&mut world, &input, size),
        3 => both::<[u32; 50]>(&mut world, &input, size),
        _ => both::<[[u64; 32]; 20]>(&mut world, &input, size),
    }
});

fn zeroed(world: &mut World, input: &Input, size: usize) {
    let start = world.at(input.place);
    let Some(range) = axptr_fuzz::range(start, size) else { return };
    let reach = world.reach(start, size, Access::Read);
    let first = (0..reach).find(|at| world.byte(start + at) != Some(0));
    match (structs::is_zeroed(range), first) {
        (Ok(false), Some(_)) => {}
        (Ok(true), None) => assert_eq!(reach, size),
        (Err(fault), None) => {
            assert!(reach < size);
            world.judge_fault(fault, start, reach, Access::Read);
        }
        (answer, _) => panic!("{answer:?}, and the first that is not zero is {first:?}"),
    }
}

fn both<T: AnyBitPattern + NoUninit>(world: &mut World, input: &Input, size: usize) {
    read::<T>(world, input, size);
    write::<T>(world, input, size);
}

fn read<T: AnyBitPattern + NoUninit>(world: &mut World, input: &Input, size: usize) {
    let start = world.at(input.place);
    let known = size_of::<T>();
    let answer = structs::read_struct(UserConstPtr::<T>::from(start), size);
    if size > MAX_STRUCT_SIZE.max(known) {
        assert!(matches!(answer, Err(StructError::TooBig)));
        return;
    }
    let reach = world.reach(start, size, Access::Read);
    let bytes: Vec<u8> = (0..reach).map(|at| world.byte(start + at).unwrap()).collect();
    let unknown = bytes.iter().skip(known).any(|&byte| byte != 0);
    match answer {
        Ok(value) => {
            assert_eq!(reach, size);
            assert!(!unknown);
            let mut expected = vec![0; known];
            let len = known.min(size);
            expected[..len].copy_from_slice(&bytes[..len]);
            assert_eq!(bytemuck::bytes_of(&value), expected);
        }
        Err(StructError::TooBig) => assert!(unknown),
        Err(StructError::Fault(fault)) => {
            assert!(reach < size && !unknown);
            world.judge_fault(fault, start, reach, Access::Read);
        }
        Err(other) => panic!("{other:?}"),
    }
}

fn write<T: AnyBitPattern + NoUninit>(world: &mut World, input: &Input, size: usize) {
    let start = world.at(input.place);
    let known = size_of::<T>();
    // Zeros at the end, so that cutting them off is no loss now and then.
    let mut bytes = vec![0; known];
    let len = known.min(usize::from(input.value[0]) % 33);
    bytes[..len].copy_from_slice(&input.value[..len]);
    let value: T = bytemuck::pod_read_unaligned(&bytes);
    let mut expected = world.memory().to_vec();
    let answer = structs::write_struct(UserPtr::<T>::from(start), size, &value);
    if size > MAX_STRUCT_SIZE.max(known) {
        assert!(matches!(answer, Err(StructError::TooBig)));
        assert_eq!(world.memory(), expected);
        return;
    }
    let reach = world.reach(start, size, Access::Write);
    for done in 0..reach {
        expected[world.offset(start + done).unwrap()] = bytes.get(done).copied().unwrap_or(0);
    }
    assert_eq!(world.memory(), expected);
    match answer {
        Ok(fit) => {
            assert_eq!(reach, size);
            let lost = bytes.iter().skip(size).any(|&byte| byte != 0);
            assert_eq!(fit, if lost { Fit::CutOff } else { Fit::Whole });
        }
        Err(StructError::Fault(fault)) => {
            assert!(reach < size);
            world.judge_fault(fault, start, reach, Access::Write);
        }
        Err(other) => panic!("{other:?}"),
    }
}
