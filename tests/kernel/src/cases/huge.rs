// SPDX-License-Identifier: MIT OR Apache-2.0
//! More user memory than the machine has: every operation ends, short, and the kernel keeps its reserve.

use alloc::{string::String, vec::Vec};

use axalloc::GlobalPage;
use axptr::{Fault, FaultKind, region};

use crate::{
    ensure, fault,
    op::{BY_REGION, BY_TABLE, Done},
    space::{self, Area, Guarded, PAGE, RESERVED_PAGES},
};

/// Free pages beyond the reserve: enough for many windows and several page tables, little enough to be quick.
const SPARE: usize = 4096;

pub fn filling_more_than_there_is_ends_short() -> Result<(), String> {
    short(space::HUGE, |huge| axptr::fill_user(huge.start(), 0x5a, huge.len()))
}

pub fn copying_more_than_there_is_ends_short() -> Result<(), String> {
    let half = space::HUGE.len() / 2;
    short(space::HUGE, |huge| axptr::copy_in_user(huge.start(), huge.start() + half, half))?;
    short(space::HUGE, |huge| axptr::copy_in_user(huge.start() + half, huge.start(), half))?;
    short(space::BIG, |big| axptr::copy_in_user(space::HUGE.start(), big.start(), big.len()))
}

pub fn region_mode_ends_short_too() -> Result<(), String> {
    short(space::BIG, |big| region::fill_user(Guarded, big.start(), 0x5a, big.len()))?;
    short(space::HUGE, |huge| region::fill_user(Guarded, huge.start(), 0x5a, huge.len()))
}

/// axmm by itself keeps no reserve: memory runs out, and still it is an `Err`.
#[cfg(not(feature = "living"))]
pub fn region_mode_survives_an_address_space_that_takes_everything() -> Result<(), String> {
    let ballast = Ballast::leaving(SPARE);
    let (free, big) = (space::free_pages(), space::BIG);
    let result = region::fill_user(space::Locked, big.start(), 0x5a, big.len());
    big.renew_part(big.start(), (free + 1) * PAGE);
    drop(ballast);
    let ended =
        result.is_err_and(|fault| fault.done >= (free - 8) * PAGE && fault.kind == FaultKind::NotPresent);
    ensure!(ended, "{result:x?} with {free} pages");
    all_is_well()
}

/// Runs `take` on an area that is larger than memory.
fn short(area: Area, take: impl FnOnce(Area) -> Result<(), Fault>) -> Result<(), String> {
    let ballast = Ballast::leaving(RESERVED_PAGES + SPARE);
    let result = take(area);
    let left = space::free_pages();
    for touched in [area.start(), area.start() + area.len() / 2] {
        area.renew_part(touched, 4 * SPARE * PAGE);
    }
    space::HUGE.renew();
    drop(ballast);
    // Page tables come on top of the pages that the pager counts.
    ensure!(left >= RESERVED_PAGES - 8, "{left} pages left");
    let Err(fault) = result else { return Err("it succeeded".into()) };
    // A copy makes pages on both sides, and the last page leaves one fewer than the reserve.
    let (least, most) = (SPARE / 4 * PAGE, (SPARE + 1) * PAGE);
    // Region mode knows without a landing.
    let kinds = [FaultKind::NotPresent, fault::told(FaultKind::NotPresent)];
    ensure!(
        kinds.contains(&fault.kind) && (least..=most).contains(&fault.done) && fault.addr % PAGE == 0,
        "{fault:x?}"
    );
    all_is_well()
}

fn all_is_well() -> Result<(), String> {
    for op in BY_TABLE.into_iter().chain(BY_REGION) {
        op.expect(space::RW.start(), 3 * PAGE, &[], Done::all(3 * PAGE, 0))?;
    }
    for op in BY_TABLE {
        space::LAZY.renew();
        op.expect(space::LAZY.start(), 3 * PAGE, &[], Done::all(3 * PAGE, 3))?;
    }
    Ok(())
}

/// Memory that is taken away, so that what is left is used up sooner.
#[derive(Debug)]
struct Ballast {
    _pages: Vec<GlobalPage>,
}

impl Ballast {
    fn leaving(pages: usize) -> Self {
        let mut ballast = Vec::with_capacity(space::free_pages());
        while space::free_pages() > pages {
            ballast.push(GlobalPage::alloc().expect("a free page"));
        }
        Self { _pages: ballast }
    }
}
