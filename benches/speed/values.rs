// SPDX-License-Identifier: MIT OR Apache-2.0
//! Single values, and sizes that the compiler knows: both are expanded where they are used.

use std::{hint::black_box, ptr};

use axptr::{AnyBitPattern, UserConstPtr, UserRange};

use super::{
    measure::{Candidate, Effort, compare},
    yardstick::{Copy, Memcpy, Movsb},
};

const COUNT: usize = 512;

/// The address of a value, behind the range check that axptr has, without the mask.
#[inline(always)]
fn checked<T>(addr: usize) -> *const T {
    let range = UserRange::new(addr, size_of::<T>()).expect("the bench knows its memory");
    ptr::with_exposed_provenance(range.start())
}

/// A candidate that goes through all values, and returns a sum, so that none is left out.
fn reader<'a>(name: &'static str, mut read: impl FnMut(usize) -> u64 + 'a) -> Candidate<'a> {
    let batch = move |times| {
        for _ in 0..times {
            let sum = (0..COUNT).fold(0_u64, |sum, index| sum.wrapping_add(read(index)));
            black_box(sum);
        }
    };
    (name, Box::new(batch))
}

/// A candidate that follows a chain: each address is the value before.
fn chain<'a>(name: &'static str, start: usize, mut next: impl FnMut(usize) -> usize + 'a) -> Candidate<'a> {
    let batch = move |times| {
        let mut addr = start;
        for _ in 0..times * COUNT {
            addr = next(addr);
        }
        black_box(addr);
    };
    (name, Box::new(batch))
}

/// Values of 1, 2, 4 and 8 bytes.
pub(super) fn single(effort: Effort) {
    let words: Vec<u64> = (0..COUNT as u64).collect();
    let base = words.as_ptr().expose_provenance();
    macro_rules! throughput {
        ($($value:ty)+) => {$(
            let at = |index: usize| base + index * size_of::<u64>();
            let read = |index| u64::from(UserConstPtr::<$value>::from(at(index)).read().expect("it is there"));
            assert_eq!(read(3), 3);
            compare(effort, "single throughput", size_of::<$value>(), COUNT, vec![
                reader("axptr", read),
                reader("raw load", |index| {
                    // SAFETY: it is one of `words`.
                    u64::from(unsafe { checked::<$value>(at(index)).read_volatile() })
                }),
                reader("rep movsb", |index| {
                    let mut value = [0; size_of::<$value>()];
                    Movsb::copy(black_box(&mut value), at(index));
                    u64::from(<$value>::from_ne_bytes(value))
                }),
            ]);
        )+};
    }
    throughput!(u8 u16 u32 u64);

    // Every 7th: all of them, as 7 and 512 have no common divisor.
    let mut links = vec![0_usize; COUNT];
    let links_base = links.as_mut_ptr().expose_provenance();
    for (index, link) in links.iter_mut().enumerate() {
        *link = links_base + (index + 7) % COUNT * size_of::<usize>();
    }
    compare(
        effort,
        "single dependent",
        size_of::<usize>(),
        COUNT,
        vec![
            chain("axptr", links_base, |addr| UserConstPtr::<usize>::from(addr).read().expect("it is there")),
            chain("raw load", links_base, |addr| {
                // SAFETY: it is one of `links`.
                unsafe { checked::<usize>(addr).read_volatile() }
            }),
            chain("rep movsb", links_base, |addr| {
                let mut value = [0; size_of::<usize>()];
                Movsb::copy(black_box(&mut value), addr);
                usize::from_ne_bytes(value)
            }),
        ],
    );
}

/// As many bytes as the type has.
fn fixed_size<const N: usize>(effort: Effort, base: usize)
where
    [u8; N]: AnyBitPattern,
{
    let [mut ours_array, mut movsb_array, mut memcpy_array] = [[0; N]; 3];
    let ours = move |times| {
        for index in 0..times * COUNT {
            let ptr = UserConstPtr::<[u8; N]>::from(base + index % COUNT);
            ptr.read_into(black_box(&mut ours_array)).expect("it is there");
        }
    };
    let movsb = move |times| {
        for index in 0..times * COUNT {
            Movsb::copy(black_box(&mut movsb_array), base + index % COUNT);
        }
    };
    let memcpy = move |times| {
        for index in 0..times * COUNT {
            // The compiler's own copy of a size that it knows.
            // SAFETY: inside the bench's memory.
            *black_box(&mut memcpy_array) = unsafe { checked::<[u8; N]>(base + index % COUNT).read() };
        }
    };
    let candidates: Vec<Candidate<'_>> =
        vec![("axptr", Box::new(ours)), (Movsb::NAME, Box::new(movsb)), (Memcpy::NAME, Box::new(memcpy))];
    compare(effort, "fixed", N, COUNT, candidates);
}

/// Sizes up to 64 bytes.
pub(super) fn fixed(effort: Effort) {
    let bytes = vec![1_u8; COUNT + 64];
    let base = bytes.as_ptr().expose_provenance();
    macro_rules! sizes {
        ($($size:literal)+) => {$( fixed_size::<$size>(effort, base); )+};
    }
    sizes!(1 2 3 4 6 8 12 16 20 24 31 32 48 64);
}
