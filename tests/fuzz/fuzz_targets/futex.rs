// SPDX-License-Identifier: MIT OR Apache-2.0
//! The operation of FUTEX_WAKE_OP, from any 32 bits.
#![no_main]

use arbitrary::Arbitrary;
use axptr::{
    UserPtr,
    atomic::AtomicError,
    futex::{FutexError, FutexOp},
};
use axptr_fuzz::{May, PAGES, Place, SIZE, World};
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
struct Input {
    pages: [May; PAGES],
    place: Place,
    word: u32,
    encoded: u32,
}

/// futex(2): the word that comes of it, and whether the comparison holds. None for what does not exist.
fn model(encoded: u32, word: u32) -> Option<(u32, Option<bool>)> {
    let signed = |bits: u32| i64::from(bits) - if bits & 0x800 != 0 { 0x1000 } else { 0 };
    let argument = signed(encoded / 0x1000 % 0x1000);
    let reference = signed(encoded % 0x1000);
    let operand = match encoded / 0x8000_0000 {
        0 => argument.rem_euclid(1 << 32) as u32,
        _ => 1 << argument.rem_euclid(32),
    };
    let after = match encoded / 0x1000_0000 % 8 {
        0 => operand,
        1 => ((u64::from(word) + u64::from(operand)) % (1 << 32)) as u32,
        2 => word | operand,
        3 => word & !operand,
        4 => word ^ operand,
        _ => return None,
    };
    let old = i64::from(word) - if word >= 1 << 31 { 1 << 32 } else { 0 };
    let holds = match encoded / 0x100_0000 % 16 {
        0 => Some(old == reference),
        1 => Some(old != reference),
        2 => Some(old < reference),
        3 => Some(old <= reference),
        4 => Some(old > reference),
        5 => Some(old >= reference),
        _ => None,
    };
    Some((after, holds))
}

fuzz_target!(|input: Input| {
    let mut world = World::new(input.pages, &[], 0);
    let addr = world.at(input.place);
    let inside = world.offset(addr).filter(|offset| offset + 4 <= SIZE);
    if let Some(offset) = inside {
        world.memory()[offset..offset + 4].copy_from_slice(&input.word.to_ne_bytes());
    }
    let mut expected = world.memory().to_vec();
    let expectation = model(input.encoded, input.word);
    let Some(op) = FutexOp::decode(input.encoded) else {
        assert!(expectation.is_none());
        return;
    };
    let (after, holds) = expectation.expect("there is such an action");
    let answer = op.apply(UserPtr::<u32>::from(addr).nofault().atomic());
    let may = inside.is_some_and(|offset| input.pages[offset / axptr_fuzz::PAGE] == May::Write);
    match answer {
        Err(FutexError::Atomic(AtomicError::Misaligned)) => assert_ne!(addr % 4, 0),
        _ if !addr.is_multiple_of(4) => panic!("{answer:?} at {addr:#x}"),
        Err(FutexError::Atomic(error)) => assert!(!may, "{error:?}"),
        _ => {
            assert!(may);
            let offset = inside.expect("it may be accessed");
            expected[offset..offset + 4].copy_from_slice(&after.to_ne_bytes());
            match answer {
                Ok(answer) => assert_eq!(Some(answer), holds),
                Err(error) => {
                    assert_eq!(error, FutexError::UnknownComparison);
                    assert_eq!(holds, None);
                }
            }
        }
    }
    assert_eq!(world.memory(), expected);
});
