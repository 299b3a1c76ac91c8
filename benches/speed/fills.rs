// SPDX-License-Identifier: MIT OR Apache-2.0
//! Fills of memory that is there, each size alone.

use std::{hint::black_box, ptr};

use super::{
    copies::Sides,
    measure::{Candidate, Effort, compare},
    yardstick,
};

const SIZES: [usize; 19] = [
    4,
    8,
    16,
    24,
    32,
    48,
    64,
    100,
    128,
    200,
    256,
    512,
    1000,
    2048,
    4096,
    16 << 10,
    64 << 10,
    256 << 10,
    4 << 20,
];

/// Aligned fills, and misaligned ones.
pub(super) fn fills(effort: Effort) {
    let sides = Sides::new();
    for (scenario, start) in [("fill", 0x40), ("fill misaligned", 0x1295)] {
        let addr = sides.source() + start;
        for size in SIZES {
            axptr::fill_user(addr, 7, size).expect("it is there");
            let candidates: Vec<Candidate<'_>> = vec![
                (
                    "axptr",
                    Box::new(move |times| {
                        (0..times).for_each(|_| {
                            axptr::fill_user(black_box(addr), 7, black_box(size)).expect("it is there");
                        });
                    }),
                ),
                (
                    "memset",
                    Box::new(move |times| {
                        for _ in 0..times {
                            let start = yardstick::checked(black_box(addr), black_box(size));
                            // SAFETY: inside of the bench's memory, to which no reference is used.
                            unsafe { libc::memset(ptr::with_exposed_provenance_mut(start), 7, size) };
                        }
                    }),
                ),
                (
                    "rep stosb",
                    Box::new(move |times| {
                        (0..times).for_each(|_| yardstick::fill(black_box(addr), 7, black_box(size)));
                    }),
                ),
            ];
            compare(effort, scenario, size, 1, candidates);
        }
    }
}
