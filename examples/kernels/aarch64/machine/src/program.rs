// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the program of `program.S` tells of itself.

use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use crate::console::{power_off, say};

/// How many cases it has counted that passed, and that failed.
static COUNTS: [AtomicUsize; 2] = [const { AtomicUsize::new(0) }; 2];

/// The program hands over its counts.
pub fn counts(passed: usize, failed: usize) {
    COUNTS[0].store(passed, Relaxed);
    COUNTS[1].store(failed, Relaxed);
}

/// The program has made an access that it may not make, so far behind its start. At its end it means to.
pub fn end_of_the_program(offset: usize) -> ! {
    let meant = offset == 3 * 4096 && COUNTS[0].load(Relaxed) > 0;
    COUNTS[usize::from(!meant)].fetch_add(1, Relaxed);
    let word = if meant { "ok" } else { "FAILED" };
    say(format_args!("case a_touch_of_the_hole_ends_the_program ... {word}"));
    say(format_args!("axptr-kernel: {:?} passed, {:?} failed", COUNTS[0], COUNTS[1]));
    power_off()
}
