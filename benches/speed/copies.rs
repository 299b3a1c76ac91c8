// SPDX-License-Identifier: MIT OR Apache-2.0
//! Copies of bytes: each size alone, sizes in an order, memory near and far.

use std::{hint::black_box, ptr};

use super::{
    measure::{Candidate, Effort, Numbers, compare},
    yardstick::{
        Axptr, Bytes, Copy, Guarded, Memcpy, Movsb, Nothing, Raw, Unpredictable, Value, VmReadv, Words,
    },
};

/// The memory on each side.
const SIDE: usize = 128 << 20;
/// Sizes within a mix; no predictor knows so many.
const MIX: usize = 8192;

/// One copy: offsets into both sides, and a length.
#[derive(Clone, Copy, Debug)]
struct Step {
    dst: usize,
    src: usize,
    len: usize,
}

/// Two mappings, present and of zeros.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sides {
    dst: *mut u8,
    src: *mut u8,
}

impl Sides {
    pub(super) fn new() -> Self {
        let map = || {
            let access = libc::PROT_READ | libc::PROT_WRITE;
            let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_POPULATE;
            // SAFETY: a new mapping, at an address of the kernel's choice.
            let start = unsafe { libc::mmap(ptr::null_mut(), SIDE, access, flags, -1, 0) };
            assert_ne!(start, libc::MAP_FAILED, "no memory");
            start.cast::<u8>()
        };
        Self { dst: map(), src: map() }
    }

    /// The source, whose provenance is exposed.
    pub(super) fn source(&self) -> usize {
        self.src.expose_provenance()
    }

    fn slice(&self, at: usize, len: usize) -> &'static mut [u8] {
        assert!(at + len <= SIDE);
        // SAFETY: inside the mapping, which stays; one slice lives at a time.
        unsafe { std::slice::from_raw_parts_mut(self.dst.wrapping_add(at), len) }
    }
}

/// Does all steps, each once; where `DEPENDS`, each needs the bytes of the one before.
#[inline(never)]
fn run<C: Copy, const DEPENDS: bool>(sides: Sides, steps: &[Step]) {
    let src = sides.source();
    let mut carry = 0;
    for step in steps {
        let dst = sides.slice(step.dst, step.len);
        C::copy(dst, src + step.src + carry);
        if DEPENDS {
            // They are all zero, which nobody knows.
            carry = usize::from(black_box(&dst)[0]);
        }
    }
}

/// A candidate that goes through the steps, `times` times.
fn candidate<'a, C: Copy, const DEPENDS: bool>(sides: Sides, steps: &'a [Step]) -> Candidate<'a> {
    verify::<C>(sides, steps);
    (C::NAME, Box::new(move |times| (0..times).for_each(|_| run::<C, DEPENDS>(sides, black_box(steps)))))
}

/// That it copies, and no more than it should.
fn verify<C: Copy>(sides: Sides, steps: &[Step]) {
    for step in steps.iter().take(32) {
        // SAFETY: inside the mapping; no slice of the source exists.
        let src = unsafe { std::slice::from_raw_parts_mut(sides.src.wrapping_add(step.src), step.len) };
        src.iter_mut().enumerate().for_each(|(index, byte)| *byte = index as u8 | 1);
        let around = sides.slice(step.dst, step.len + 1);
        around.fill(0);
        C::copy(&mut around[..step.len], sides.source() + step.src);
        let copied = C::NAME == Nothing::NAME || around[..step.len] == *src;
        assert!(copied && around[step.len] == 0, "{} of {} bytes is wrong", C::NAME, step.len);
        src.fill(0);
        around.fill(0);
    }
}

/// Steps of one size at one place: what a predictor knows.
fn repeated(dst: usize, src: usize, len: usize) -> Vec<Step> {
    vec![Step { dst, src, len }; (1 << 16).min(4096 / len.max(1)).clamp(1, 64)]
}

/// Steps of these sizes at one place.
fn mixed(sizes: impl Iterator<Item = usize>) -> Vec<Step> {
    sizes.map(|len| Step { dst: 0x40, src: 0x80, len }).collect()
}

/// All ways of copying that a kernel has, and the yardstick.
fn all<'a, const DEPENDS: bool>(sides: Sides, steps: &'a [Step]) -> Vec<Candidate<'a>> {
    vec![
        candidate::<Axptr, DEPENDS>(sides, steps),
        candidate::<Unpredictable, DEPENDS>(sides, steps),
        candidate::<Raw, DEPENDS>(sides, steps),
        candidate::<Movsb, DEPENDS>(sides, steps),
        candidate::<Words, DEPENDS>(sides, steps),
        candidate::<Bytes, DEPENDS>(sides, steps),
        candidate::<Memcpy, DEPENDS>(sides, steps),
        candidate::<Nothing, DEPENDS>(sides, steps),
    ]
}

/// Everything about copies of sizes that only the caller knows.
pub(super) fn all_scenarios(effort: Effort) {
    let sides = Sides::new();
    let small = [1, 2, 3, 4, 6, 8, 12, 16, 20, 24, 32, 40, 48, 64, 80, 100, 127, 128];
    let medium = [129, 160, 192, 200, 248, 256, 264, 265, 300, 384, 448, 500, 512];
    let large = [513, 700, 1024, 1500, 2048, 4096, 16 << 10, 64 << 10, 256 << 10, 1 << 20, 4 << 20, 16 << 20];
    let time = |scenario: &str, size, steps: Vec<Step>| {
        compare(effort, scenario, size, steps.len(), all::<false>(sides, &steps));
    };
    for size in small.into_iter().chain(medium).chain(large) {
        time("aligned", size, repeated(0x40, 0x80, size));
    }
    for size in small.into_iter().chain(medium).chain(large) {
        time("misaligned", size, repeated(0x43, 0x1295, size));
    }
    for (size, distance) in
        [8, 32, 64, 1024, 4096, 64 << 10].into_iter().flat_map(|size| [(size, 1), (size, 8)])
    {
        // Both mappings begin at a page.
        time(&format!("aliased by {distance}"), size, repeated(0x1080 + distance, 0x1080, size));
    }
    for size in [4 << 10, 64 << 10, 1 << 20] {
        cold(effort, sides, size);
    }
    mixes(effort, sides);
    for size in [4, 8, 128, 256, 384, 512] {
        let steps = repeated(0x40, 0x80, size);
        compare(effort, "dependent", size, steps.len(), all::<true>(sides, &steps));
    }
    for size in [8, 4096, 1 << 20] {
        let steps = repeated(0x40, 0x80, size);
        let mut candidates = vec![
            candidate::<Axptr, false>(sides, &steps),
            candidate::<VmReadv, false>(sides, &steps),
            candidate::<Guarded, false>(sides, &steps),
        ];
        if size == size_of::<u64>() {
            candidates.push(candidate::<Value, false>(sides, &steps));
        }
        compare(effort, "recoverable", size, steps.len(), candidates);
    }
}

/// Memory that no cache has: the steps of each batch go on where those of the one before stopped.
fn cold(effort: Effort, sides: Sides, size: usize) {
    let mut numbers = Numbers(size as u64);
    let mut steps: Vec<_> =
        (0..SIDE / size).map(|at| Step { dst: at * size, src: at * size, len: size }).collect();
    steps.pop();
    numbers.shuffle(&mut steps);
    let mut next = 0;
    let mut take = || {
        next = (next + 1) % steps.len();
        steps[next]
    };
    let next: std::cell::RefCell<&mut dyn FnMut() -> Step> = std::cell::RefCell::new(&mut take);
    let few = Effort { rounds: effort.rounds.min(41), nanoseconds: effort.nanoseconds * 10.0, ..effort };
    macro_rules! far {
        ($($way:ty)+) => {
            vec![$((
                <$way>::NAME,
                Box::new(|times: usize| for _ in 0..times {
                    let step = (next.borrow_mut())();
                    run::<$way, false>(sides, &[step]);
                }) as Box<dyn FnMut(usize)>,
            )),+]
        };
    }
    compare(few, "cold", size, 1, far!(Axptr Movsb Words Memcpy));
}

/// Sizes in no order, and in orders that a predictor may learn.
fn mixes(effort: Effort, sides: Sides) {
    let mut numbers = Numbers(1);
    for (low, high) in [(1, 64), (1, 256), (32, 256)] {
        let steps = mixed((0..MIX).map(|_| low + numbers.below(high - low + 1)));
        compare(effort, &format!("unpredictable from {low}"), high, MIX, all::<false>(sides, &steps));
    }
    // As many of 1 as of 2..3, of 4..7, up to 2048..4095.
    let steps = mixed((0..MIX).map(|_| {
        let least = 1 << numbers.below(12);
        least + numbers.below(least)
    }));
    compare(effort, "unpredictable logarithmic", 4095, MIX, all::<false>(sides, &steps));
    let mut size = 0;
    let runs = mixed((0..MIX).map(|index| {
        if index % 16 == 0 {
            size = 1 + numbers.below(256);
        }
        size
    }));
    compare(effort, "runs of 16", 256, MIX, all::<false>(sides, &runs));
    let twelve: Vec<_> = (0..12).map(|_| 1 + numbers.below(256)).collect();
    let circle = mixed(twelve.iter().copied().cycle().take(MIX - MIX % 12));
    compare(effort, "loop of 12", 256, circle.len(), all::<false>(sides, &circle));
}
