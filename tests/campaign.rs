// SPDX-License-Identifier: MIT OR Apache-2.0
//! Random operations against a model, in this process: a few seconds of them. `cargo xtask campaign` runs it for minutes,
//! and repeats a seed.

#![cfg(target_os = "linux")]

#[expect(dead_code, reason = "the sweep needs more of it")]
mod support;

use std::{
    env,
    time::{Duration, Instant},
};

use axptr_campaign::{Done, Size, round};
use axptr_cases::Handler;
use support::{front::Front, site::HostedSite};

/// Up to 1 MiB, and what is around it.
const SIZE: Size = Size { operations: 400, pages: 272 };

/// Of so many rounds, one has memory that the addresses of a 32-bit program reach.
const LOW_EVERY: u64 = 3;
const LOW: usize = 0x2000_0000;

/// How long, where nobody says it.
const SECONDS: u64 = 3;

/// How often it says how far it is.
const NEWS: Duration = Duration::from_millis(500);

#[test]
fn random_operations_do_what_the_model_says() {
    let _front = Front::new(Handler::Full);
    let seed = number("AXPTR_CAMPAIGN_SEED").unwrap_or(1);
    let faults = number("AXPTR_CAMPAIGN_FAULTS");
    // Faults alone end it, if they are to.
    let seconds = number("AXPTR_CAMPAIGN_SECONDS").or(faults.is_none().then_some(SECONDS));
    let (start, time) = (Instant::now(), seconds.map(Duration::from_secs));
    let (mut done, mut news) = (Done::default(), start);
    let mut last = seed;
    loop {
        let mut site = HostedSite::new(Handler::Full);
        if last.is_multiple_of(LOW_EVERY) {
            site.hint = LOW;
        }
        done.add(&round(&mut site, last, SIZE).unwrap_or_else(|why| panic!("{why}")));
        if news.elapsed() >= NEWS {
            news = Instant::now();
            println!("{done}");
        }
        let is_over = time.is_some_and(|time| start.elapsed() >= time);
        if is_over || faults.is_some_and(|faults| done.faults >= faults) {
            break;
        }
        last = last.wrapping_add(1);
    }
    println!("{done}, seeds {seed} to {last}");
    assert!(done.faults > 0);
    done.check().unwrap_or_else(|why| panic!("{why}"));
}

fn number(name: &str) -> Option<u64> {
    let value = env::var(name).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{name} is a number, and not {value:?}")))
}
