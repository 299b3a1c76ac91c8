// SPDX-License-Identifier: MIT OR Apache-2.0
//! A page-table entry that the machine refuses to read.

use alloc::string::String;

use axptr::FaultKind;

use crate::{
    ensure, fault,
    op::{BY_TABLE, Done, pattern},
    pte,
    space::{self, PAGE},
};

/// A bit that must be 0 on CPUs with fewer than 52 address bits (SDM vol. 3, 4.5).
const RESERVED: u64 = 1 << 51;

/// No page is missing, so the pager could do nothing but harm.
pub fn a_reserved_bit_ends_a_copy_without_asking_the_pager() -> Result<(), String> {
    let (edge, before) = (space::RW.page(1), pattern(2 * PAGE));
    for (op, len) in BY_TABLE.into_iter().flat_map(|op| [2, 10, 100, 2000].map(|len| (op, len))) {
        space::poke(space::RW.start(), &before);
        fault::last_call();
        let good = len / 2;
        let broken = pte::change(edge, |entry| entry | RESERVED);
        let done = op.check(edge - good, len, &before[PAGE - good..PAGE]);
        drop(broken);
        let (done, expected) = (done?, Done::stopped(good, FaultKind::Unknown, 1));
        ensure!(done == expected, "{op:?} of {len}: {done:?}, not {expected:?}");
        ensure!(fault::last_call().is_none(), "{op:?} has asked the pager");
        ensure!(space::peek(edge, PAGE) == before[PAGE..], "{op:?} has changed the page");
    }
    Ok(())
}
