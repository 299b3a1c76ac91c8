// SPDX-License-Identifier: MIT OR Apache-2.0
//! Addresses, lengths and counts against the user half, with any limit. Nothing is accessed.
#![no_main]

use arbitrary::Arbitrary;
use axptr::{FaultKind, UserConstPtr, UserPtr, UserRange};
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
struct Input {
    limit: Number,
    start: Number,
    len: Number,
    at: Number,
    end: Number,
}

/// Numbers that meet each other more often than any would.
#[derive(Arbitrary, Clone, Copy, Debug)]
enum Number {
    Any(u64),
    Bit(u8, i8),
    BelowNothing(u8),
}

impl Number {
    fn value(self) -> usize {
        match self {
            Self::Any(value) => value as usize,
            Self::Bit(bit, beside) => (1_usize << (bit % 64)).wrapping_add_signed(isize::from(beside)),
            Self::BelowNothing(before) => 0_usize.wrapping_sub(usize::from(before)),
        }
    }
}

fuzz_target!(|input: Input| {
    let limit = input.limit.value();
    // SAFETY: (1) nothing is accessed here.
    unsafe { axptr::set_user_limit(limit) };
    let (start, len) = (input.start.value(), input.len.value());
    assert_eq!(axptr::user_limit(), limit);
    let fits = |bytes: u128| bytes == 0 || start as u128 + bytes <= limit as u128;

    match UserRange::new(start, len) {
        Some(range) => {
            assert!(fits(len as u128));
            assert_eq!((range.start(), range.len(), range.is_empty()), (start, len, len == 0));
            let at = input.at.value();
            let (head, tail) = range.split_at(at);
            let first = at.min(len);
            assert_eq!((head.start(), head.len()), (start, first));
            assert_eq!((tail.start(), tail.len()), (start.wrapping_add(first), len - first));
        }
        None => assert!(!fits(len as u128)),
    }
    slices::<u8>(&input, &fits);
    slices::<[u16; 3]>(&input, &fits);
    slices::<u64>(&input, &fits);
    slices::<[u64; 9]>(&input, &fits);
    slices::<[u8; 0]>(&input, &fits);
});

fn slices<T: axptr::AnyBitPattern>(input: &Input, fits: &dyn Fn(u128) -> bool) {
    let (start, len, at, end) = (input.start.value(), input.len.value(), input.at.value(), input.end.value());
    let bytes = len as u128 * size_of::<T>() as u128;
    let writable = UserPtr::<T>::from(start).slice(len).map(|slice| slice.bytes());
    let slice = UserConstPtr::<T>::from(start).slice(len);
    assert_eq!(writable.is_ok(), slice.is_ok());
    let Ok(slice) = slice else {
        let fault = slice.unwrap_err();
        assert!(!fits(bytes));
        let kind = if axptr::user_limit() == 0 { FaultKind::NotSetUp } else { FaultKind::OutOfRange };
        assert_eq!((fault.done, fault.addr, fault.kind), (0, start, kind));
        return;
    };
    assert!(fits(bytes));
    assert_eq!((slice.len(), slice.bytes().len() as u128), (len, bytes));
    let addr_of = |index: usize| start as u128 + index as u128 * size_of::<T>() as u128;
    match slice.get(at) {
        Some(element) => {
            assert!(at < len);
            assert_eq!(element.addr() as u128, addr_of(at));
        }
        None => assert!(at >= len),
    }
    match slice.part(at..end) {
        Some(part) => {
            assert!(at <= end && end <= len);
            assert_eq!(part.len(), end - at);
            if bytes > 0 {
                assert_eq!(part.as_ptr().addr() as u128, addr_of(at));
            }
        }
        None => assert!(at > end || end > len),
    }
    match slice.split_at(at) {
        Some((head, tail)) => {
            assert_eq!((head.len(), tail.len()), (at, len - at));
            if bytes > 0 {
                let starts = [head, tail].map(|part| part.as_ptr().addr() as u128);
                assert_eq!(starts, [addr_of(0), addr_of(at)]);
            }
        }
        None => assert!(at > len),
    }
}
