// SPDX-License-Identifier: MIT OR Apache-2.0
//! The classes of faults that pages of ordinary kinds do not raise.

use alloc::string::String;

use axptr::{Access, FaultKind};

use super::super::{access, tlb};
use crate::{
    ensure,
    fault::{self, Traps},
    op::{BY_TABLE, Done, Op, pattern},
    pte,
    space::{self, PAGE},
};

// Bits of a page-table entry (Reference Manual vol. 1, chapter 5).
const NOT_READABLE: u64 = 1 << 61;
const RESTRICTED: u64 = 1 << 63;

/// PNR. The pager is asked: it may know how to make the page readable.
pub fn a_page_that_may_not_be_read_ends_a_copy() -> Result<(), String> {
    stopped_by(NOT_READABLE, FaultKind::Permission, |op| op.access == Access::Read, true)
}

/// PPI: kernel code does not reach such a page either. A pager could do nothing about it.
pub fn a_page_for_user_mode_only_ends_a_copy() -> Result<(), String> {
    stopped_by(RESTRICTED, FaultKind::Unknown, |_| true, false)
}

fn stopped_by(bit: u64, kind: FaultKind, does: fn(Op) -> bool, asks: bool) -> Result<(), String> {
    let (edge, before) = (space::RW.page(1), pattern(2 * PAGE));
    for (op, len) in BY_TABLE.into_iter().flat_map(|op| [2, 10, 100, 2000].map(|len| (op, len))) {
        space::poke(space::RW.start(), &before);
        fault::last_call();
        let good = len / 2;
        let changed = pte::change(edge, |entry| entry | bit);
        let done = tlb::with_entries_of(edge, || op.check(edge - good, len, &before[PAGE - good..PAGE]));
        drop(changed);
        let done = done?;
        let expected = match does(op) {
            true => Done::stopped(good, kind, 1),
            false => Done::all(len, 0),
        };
        ensure!(done == expected, "{op:?} of {len}: {done:?}, not {expected:?}");
        let asked = fault::last_call().map(|call| (call.addr, call.access));
        let expected = (asks && does(op)).then_some((edge, op.access));
        ensure!(asked == expected, "{op:?} of {len} asked for {asked:x?}, not {expected:x?}");
    }
    Ok(())
}

/// One instruction that loads and stores. (A misaligned one is an ALE, which QEMU does not raise.)
pub fn an_atomic_of_the_kernels_own_is_recovered() -> Result<(), String> {
    for (addr, kind, traps) in [
        (space::RW.start(), None, 0),
        (space::RO.start(), Some(FaultKind::Permission), 1),
        (space::HOLE.start(), Some(FaultKind::NotPresent), 1),
        (space::LAZY.start(), None, 1),
    ] {
        space::LAZY.renew();
        // SAFETY: user memory.
        let (cause, counted) = fault::counted(|| unsafe { access::try_add(addr) });
        let expected = kind.map_or(0, |kind| kind as usize);
        ensure!(cause & 0xff == expected, "{addr:#x}: {cause:#x}, not {kind:?}");
        ensure!(counted == Traps::pages(traps), "{addr:#x}: {counted:?}");
    }
    Ok(())
}
