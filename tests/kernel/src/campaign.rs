// SPDX-License-Identifier: MIT OR Apache-2.0
//! Random operations against a model, `tests/campaign`, in this kernel.

use alloc::string::String;

use axptr_campaign::{Done, Size, round};

use crate::{ensure, say, site::KernelSite};

/// Up to 1 MiB, and what is around it.
const SIZE: Size = Size { operations: 200, pages: 272 };

/// Of so many rounds some draw a large page.
const ENOUGH: u64 = 40;

/// After so many rounds it says how far it is.
const NEWS: u64 = 8;

/// Rounds from a seed on, until so many operations have met a byte that refused them.
pub fn run(seed: u64, faults: u64) -> Result<(), String> {
    let mut done = Done::default();
    let mut rounds = 0;
    while done.faults < faults {
        done.add(&round(&mut KernelSite::new(), seed.wrapping_add(rounds), SIZE)?);
        rounds += 1;
        if rounds % NEWS == 0 {
            say!("{done}");
        }
    }
    let last = seed.wrapping_add(rounds).wrapping_sub(1);
    say!("{done}, seeds {seed} to {last}");
    ensure!(rounds > 0, "nothing was to be done");
    ensure!(done.large > 0 || rounds < ENOUGH, "no round had a large page");
    done.check()
}
