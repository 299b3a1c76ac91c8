// SPDX-License-Identifier: MIT OR Apache-2.0
//! Times candidates in turn.

use std::{hint::black_box, mem, time::Instant};

/// How long a batch takes, about, how many there are of each candidate, and of which scenarios.
#[derive(Clone, Copy, Debug)]
pub(super) struct Effort {
    pub(super) nanoseconds: f64,
    pub(super) rounds: usize,
    /// Leaves out all scenarios whose name does not contain this.
    pub(super) only: &'static str,
}

impl Effort {
    pub(super) const FULL: Self = Self { nanoseconds: 60_000.0, rounds: 151, only: "" };
    /// To see that all works.
    pub(super) const QUICK: Self = Self { nanoseconds: 1_000.0, rounds: 3, only: "" };
}

/// A candidate's name, and a batch: does it so many times.
pub(super) type Candidate<'a> = (&'static str, Box<dyn FnMut(usize) + 'a>);

/// Prints `scenario,size,candidate,ns` for each. `per` is how many operations a time counts.
///
/// All candidates run in each round, so that a machine whose speed drifts gives the same ratios, and in another order
/// each time, so that none always finds what the same other one has left in the caches. What is printed is the median
/// over the rounds.
pub(super) fn compare(
    effort: Effort,
    scenario: &str,
    size: usize,
    per: usize,
    mut candidates: Vec<Candidate<'_>>,
) {
    if !scenario.contains(effort.only) {
        return;
    }
    let times = candidates.iter_mut().map(|(_, batch)| fitting(effort, batch)).collect::<Vec<_>>();
    let mut samples = vec![Vec::with_capacity(effort.rounds); candidates.len()];
    let mut order: Vec<_> = (0..candidates.len()).collect();
    let mut numbers = Numbers(1);
    for _ in 0..effort.rounds {
        numbers.shuffle(&mut order);
        for &index in &order {
            samples[index].push(nanoseconds(times[index], &mut candidates[index].1));
        }
    }
    for ((name, _), samples) in candidates.iter().zip(&mut samples) {
        samples.sort_by(f64::total_cmp);
        println!("{scenario},{size},{name},{:.4}", samples[samples.len() / 2] / per as f64);
    }
}

/// How many times fill a batch.
fn fitting(effort: Effort, batch: &mut dyn FnMut(usize)) -> usize {
    batch(1);
    let once = nanoseconds(1, batch).max(1.0);
    ((effort.nanoseconds / once) as usize).clamp(1, 1 << 20)
}

fn nanoseconds(times: usize, batch: &mut dyn FnMut(usize)) -> f64 {
    let start = Instant::now();
    batch(black_box(times));
    start.elapsed().as_nanos() as f64 / times as f64
}

/// Numbers that look random, and are the same in each run.
#[derive(Debug)]
pub(super) struct Numbers(pub(super) u64);

impl Numbers {
    /// One below `end`.
    pub(super) fn below(&mut self, end: usize) -> usize {
        // A linear congruential generator (Knuth's multiplier): its high bits are good enough for sizes.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize * end) >> 31
    }

    /// Puts them in another order.
    pub(super) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

/// Keeps this process on one CPU: a move between two would be timed, too.
pub(super) fn pin() {
    // SAFETY: all zero is a set without CPUs.
    let mut cpus: libc::cpu_set_t = unsafe { mem::zeroed() };
    // SAFETY: asks where this thread runs.
    let cpu = unsafe { libc::sched_getcpu() };
    let cpu = usize::try_from(cpu).expect("Linux says where a thread runs");
    // SAFETY: the set has room for every CPU that Linux names to it.
    unsafe { libc::CPU_SET(cpu, &mut cpus) };
    // SAFETY: the set has the size that is said.
    let pinned = unsafe { libc::sched_setaffinity(0, size_of_val(&cpus), &raw const cpus) };
    assert_eq!(pinned, 0, "a thread may stay on the CPU that it is on");
}
