// SPDX-License-Identifier: MIT OR Apache-2.0
//! The count is exact wherever the accessible memory ends.

use alloc::string::String;

use axptr::FaultKind;

use crate::{
    ensure, fault,
    op::{BY_TABLE, Done, Op, pattern},
    space::{self, PAGE},
};

pub fn a_copy_ends_exactly_at_the_hole() -> Result<(), String> {
    let lengths =
        [1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 24, 31, 32, 33, 47, 64, 65, 100, 128, 129, 200, 257];
    for len in lengths {
        for good in 0..=len {
            BY_TABLE.into_iter().try_for_each(|op| end_at_hole(op, good, len))?;
        }
    }
    Ok(())
}

pub fn long_copies_end_exactly_at_the_hole() -> Result<(), String> {
    for len in [PAGE - 1, PAGE, PAGE + 1, 2 * PAGE + 7, 4 * PAGE] {
        for good in [0, 1, 7, 8, 9, 31, 127, 128, 129, 1000, PAGE - 129, PAGE - 8, PAGE - 1, PAGE] {
            let good = good.min(len);
            BY_TABLE.into_iter().try_for_each(|op| end_at_hole(op, good, len))?;
        }
    }
    Ok(())
}

/// Starts `good` bytes before the hole.
fn end_at_hole(op: Op, good: usize, len: usize) -> Result<(), String> {
    let edge = space::EDGE_TO_HOLE.end();
    let before = pattern(good);
    space::poke(edge - good, &before);
    let done = op.check(edge - good, len, &before)?;
    let expected = match good {
        _ if good == len => Done::all(len, 0),
        _ => Done::stopped(good, FaultKind::NotPresent, 1).told(),
    };
    // Nothing was accessible at all, and more than one page asked for: a second try is allowed.
    let retried = good == 0 && len > PAGE && done == Done::stopped(0, FaultKind::NotPresent, 2).told();
    ensure!(done == expected || retried, "{op:?}, {good} of {len} bytes: {done:?}, not {expected:?}");
    Ok(())
}

/// The page behind the bad one is fine, and stays as it was.
pub fn a_copy_out_of_the_hole_does_nothing() -> Result<(), String> {
    space::RW.renew();
    let (start, behind) = (space::RW.start() - 64, pattern(PAGE));
    space::poke(space::RW.start(), &behind);
    for op in BY_TABLE {
        for len in [1, 2, 4, 8, 16, 32, 64, 65, 66, 72, 80, 96, 100, 128, 129, 200, 1000] {
            let done = op.check(start, len, &[])?;
            let stopped = done.copied == 0 && done.kind == Some(fault::told(FaultKind::NotPresent));
            let most = if len > 64 { 2 } else { 1 };
            ensure!(stopped && (1..=most).contains(&done.traps.page), "{op:?} of {len}: {done:?}");
            ensure!(space::peek(space::RW.start(), PAGE) == behind, "{op:?} of {len} wrote behind the hole");
        }
    }
    Ok(())
}
