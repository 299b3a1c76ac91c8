// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a check costs: one 8-byte read in range mode and in region mode, beside address spaces of 10 to 10,000
//! areas; and the earlier library's scan beside a plain loop of reads.
//!
//! `cargo xtask bench`. All candidates run in turn within each round, and the medians over the rounds are
//! compared, so that a machine whose speed drifts gives the same ratios. The read is at the last area: the walk over
//! the areas is linear, as axmm's is.

#[path = "speed/space.rs"]
mod space;

use std::{hint::black_box, process::ExitCode, time::Instant};

use axptr::{Access, AddressSpace, UserConstPtr, UserRange};
use space::{AREAS, Space};

const ROUNDS: usize = 301;

/// By how much the range mode's cost may differ between address spaces: they take no part in it, so this is noise. It is
/// asked of the lower quartiles: where a machine has two speeds, a median is the one or the other.
const SAME: f64 = 1.25;

/// How many times as long as a loop that reads one element after the other the earlier library's scan may take.
const SCAN: f64 = 3.0;

fn main() -> ExitCode {
    // SAFETY: (1) what follows hands axptr its own mapping, to which no reference exists.
    unsafe { axptr::hosted::install() }.expect("a process can have signal handlers");
    let mut spaces = AREAS.map(Space::new);
    let mut times = [const { (Vec::new(), Vec::new()) }; AREAS.len()];
    for _ in 0..ROUNDS {
        for ((count, space), (range, region)) in AREAS.iter().zip(&mut spaces).zip(&mut times) {
            let ptr = space.last();
            range.push(nanoseconds(2000, || black_box(ptr).read()));
            region.push(nanoseconds(20_000 / count, || black_box(ptr).read_in(&mut *space)));
        }
    }
    println!("one 8-byte read, ns (medians of {ROUNDS} interleaved rounds)");
    println!("{:>8} {:>8} {:>10} {:>8}", "areas", "range", "region", "ratio");
    let mut ranges = Vec::new();
    for (count, (range, region)) in AREAS.iter().zip(&mut times) {
        ranges.push(part(range, 4));
        let (range, region) = (part(range, 2), part(region, 2));
        println!("{count:>8} {range:>8.2} {region:>10.1} {:>8.1}", region / range);
    }
    ranges.sort_by(f64::total_cmp);
    let spread = ranges[ranges.len() - 1] / ranges[0];
    println!("range mode, lower quartiles, largest / smallest: {spread:.2} (at most {SAME})");
    let scan = scan_beside_a_loop();
    println!("get_as_null_terminated / a loop of reads, 20,000 pointers: {scan:.2} (at most {SCAN})");
    if spread <= SAME && scan <= SCAN { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// An `argv` of 20,000 pointers, scanned by the earlier library's method and by a loop of `read`: the ratio of the medians.
#[expect(deprecated, reason = "this is what is measured")]
fn scan_beside_a_loop() -> f64 {
    const COUNT: usize = 20_000;
    let argv: &'static [usize] = Vec::leak((1..=COUNT).chain([0]).collect());
    let ptr = UserConstPtr::<usize>::from(argv.as_ptr().expose_provenance());
    let mut space = Everything;
    let (mut scans, mut loops) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        scans.push(nanoseconds(2, || {
            let found = black_box(ptr).get_as_null_terminated(&mut space).map(<[usize]>::len);
            assert_eq!(found, Ok(COUNT));
        }));
        loops.push(nanoseconds(2, || {
            let zero = (0..).find(|&index| black_box(ptr).add(index).read() == Ok(0));
            assert_eq!(zero, Some(COUNT));
        }));
    }
    part(&mut scans, 2) / part(&mut loops, 2)
}

/// Permits all, and has all of it present.
struct Everything;

impl AddressSpace for Everything {
    fn check_region_access(&self, _: UserRange, _: Access) -> bool {
        true
    }

    fn handle_fault(&mut self, _: usize, _: Access) -> bool {
        true
    }
}

fn nanoseconds<R>(calls: usize, mut call: impl FnMut() -> R) -> f64 {
    let calls = calls.max(2);
    let start = Instant::now();
    for _ in 0..calls {
        black_box(call());
    }
    start.elapsed().as_nanos() as f64 / calls as f64
}

/// The value that one in so many are below: 2 gives the median.
fn part(values: &mut [f64], of: usize) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / of]
}
