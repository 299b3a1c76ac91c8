// SPDX-License-Identifier: MIT OR Apache-2.0
//! Protection keys. [`no_keys`](super::no_keys) has what a CPU without them runs instead.

use alloc::string::String;

use axptr::{Access, FaultKind};

use super::super::keys::{self, Forbids};
use crate::{
    ensure, fault,
    op::{BY_TABLE, Done, pattern},
    space::{self, PAGE},
};

pub fn a_key_that_forbids_access_stops_every_operation() -> Result<(), String> {
    stopped(Forbids::Access, |_| true)
}

pub fn a_key_that_forbids_writes_lets_reads_through() -> Result<(), String> {
    stopped(Forbids::Writes, |access| access == Access::Write)
}

/// axcpu knows no such fault, and panics over its error code: it must never see one of ours.
fn stopped(forbids: Forbids, does: fn(Access) -> bool) -> Result<(), String> {
    let (edge, before) = (space::RW.page(1), pattern(2 * PAGE));
    for (op, len) in BY_TABLE.into_iter().flat_map(|op| [2, 10, 100, 2000].map(|len| (op, len))) {
        space::poke(space::RW.start(), &before);
        fault::last_call();
        let good = len / 2;
        let run = || op.check(edge - good, len, &before[PAGE - good..]);
        // SAFETY: these cases run on CPUs that have keys, and the page is populated.
        let done = unsafe { keys::during(edge, forbids, run) }?;
        let expected = match does(op.access) {
            true => Done::stopped(good, FaultKind::ProtectionKey, 1),
            false => Done::all(len, 0),
        };
        ensure!(done == expected, "{op:?} of {len}: {done:?}, not {expected:?}");
        ensure!(fault::last_call().is_none(), "{op:?} has asked the pager, which can do nothing about it");
        // And all is well again.
        op.expect(edge - good, len, &[], Done::all(len, 0))?;
    }
    Ok(())
}
