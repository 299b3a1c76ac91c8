// SPDX-License-Identifier: MIT OR Apache-2.0
//! The classes of faults that pages of ordinary kinds do not raise.

use alloc::string::String;

use axptr::{Access, FaultKind};

use super::super::{access, window};
use crate::{
    ensure,
    fault::{self, Traps},
    op::{BY_TABLE, Op, pattern},
    pte,
    space::{self, PAGE},
};

/// Bits of a page-table entry (Privileged ISA, "Sv39").
const READABLE: u64 = 1 << 1;
const WRITABLE: u64 = 1 << 2;
const EXECUTABLE: u64 = 1 << 3;
/// Where an entry holds the page's number, and how much of it.
const FRAME_SHIFT: u32 = 10;
const FRAME: u64 = ((1 << 44) - 1) << FRAME_SHIFT;

/// The number of a page where QEMU's board has nothing.
const NOWHERE: u64 = 0x1800_0000 / PAGE as u64;

/// The serial port's registers: the first eight bytes of a page where nothing else is. Not all can be read without
/// consequences; the last four can.
const SERIAL_PORT: u64 = 0x1000_0000 / PAGE as u64;
const REGISTERS: usize = 8;
const HARMLESS: usize = 4;

/// One trap that no page explains.
const UNEXPLAINED: Traps = Traps { page: 0, out_of_reach: 1 };

/// Traps of a cause that may end inside a page: the access that found it, and the first byte that is bad.
const WITHIN_PAGES: [Traps; 2] = [UNEXPLAINED, Traps { page: 0, out_of_reach: 2 }];

/// Load and store access faults.
pub fn memory_that_does_not_answer_ends_a_copy() -> Result<(), String> {
    let change = |entry| entry & !FRAME | NOWHERE << FRAME_SHIFT;
    stopped_by(change, FaultKind::Physical, &WITHIN_PAGES, |_| None)
}

/// A load access fault in the middle of a page, as where a PMP region ends there.
pub fn memory_that_answers_in_a_part_of_its_page_is_read_up_to_there() -> Result<(), String> {
    let page = space::RW.start();
    let reads = BY_TABLE.into_iter().filter(|op| op.access == Access::Read);
    for (op, len) in reads.flat_map(|op| [5, 8, 12, 16, 60, 100, 200].map(|len| (op, len))) {
        fault::last_call();
        let changed = pte::change(page, |entry| entry & !FRAME | SERIAL_PORT << FRAME_SHIFT);
        let done = op.check(page + REGISTERS - HARMLESS, len, &[]);
        drop(changed);
        let done = done?;
        let said = (done.copied, done.kind, WITHIN_PAGES.contains(&done.traps));
        let expected = (HARMLESS, Some(FaultKind::Physical), true);
        ensure!(said == expected, "{op:?} of {len}: {done:?}, not {HARMLESS} bytes");
        ensure!(fault::last_call().is_none(), "{op:?} has asked the pager");
    }
    Ok(())
}

/// A load page fault where there is a page.
pub fn a_page_that_may_only_be_executed_ends_a_copy() -> Result<(), String> {
    let change = |entry| entry & !(READABLE | WRITABLE) | EXECUTABLE;
    stopped_by(change, FaultKind::NotPresent, &[Traps::pages(1)], |op| Some(op.access))
}

fn stopped_by(
    change: fn(u64) -> u64,
    kind: FaultKind,
    traps: &[Traps],
    asks_for: fn(Op) -> Option<Access>,
) -> Result<(), String> {
    let (edge, before) = (space::RW.page(1), pattern(2 * PAGE));
    for (op, len) in BY_TABLE.into_iter().flat_map(|op| [2, 10, 100, 2000].map(|len| (op, len))) {
        space::poke(space::RW.start(), &before);
        fault::last_call();
        let good = len / 2;
        let changed = pte::change(edge, change);
        let done = op.check(edge - good, len, &before[PAGE - good..PAGE]);
        drop(changed);
        let done = done?;
        let said = (done.copied, done.kind, traps.contains(&done.traps));
        let expected = (good, Some(kind), true);
        ensure!(said == expected, "{op:?} of {len}: {done:?}, not {good} bytes, {kind:?}, one of {traps:?}");
        let asked = fault::last_call().map(|call| (call.addr, call.access));
        let expected = asks_for(op).map(|access| (edge, access));
        ensure!(asked == expected, "{op:?} of {len} asked for {asked:x?}, not {expected:x?}");
    }
    Ok(())
}

/// The direction that a landing is told.
fn told(cause: usize) -> (usize, usize) {
    (cause & 0xff, cause >> 8 & 0xff)
}

/// An atomic's fault is a store's, also where it cannot even be read; a reserving load's is a load's.
pub fn an_atomic_of_the_kernels_own_is_recovered() -> Result<(), String> {
    let addr = space::RW.start();
    space::poke(addr, &[0; 4]);
    for (what, addr, written, read, counted) in [
        ("memory", addr, (0, 0), (0, 0), [0, 0]),
        ("a hole", space::HOLE.start(), NOT_WRITTEN, NOT_READ, [1, 1]),
        ("read-only memory", space::RO.start(), NOT_WRITTEN, (0, 0), [1, 0]),
    ] {
        // SAFETY: user memory, or none.
        let (added, add_traps) = fault::counted(|| window::during(|| unsafe { access::try_add(addr) }).0);
        // SAFETY: as above.
        let (loaded, load_traps) =
            fault::counted(|| window::during(|| unsafe { access::try_reserve(addr) }).0);
        ensure!(told(added) == written && told(loaded) == read, "{what}: {added:#x}, {loaded:#x}");
        ensure!(
            [add_traps, load_traps] == counted.map(Traps::pages),
            "{what}: {add_traps:?}, {load_traps:?}"
        );
    }
    let word = space::peek(addr, 4);
    ensure!(word == [1, 0, 0, 0], "{word:?}");
    Ok(())
}

const NOT_WRITTEN: (usize, usize) = (FaultKind::NotPresent as usize, Access::Write as usize);
const NOT_READ: (usize, usize) = (FaultKind::NotPresent as usize, Access::Read as usize);

/// What machine mode does not do in another way comes here.
pub fn a_misaligned_atomic_of_the_kernels_own_is_recovered() -> Result<(), String> {
    const MISALIGNED: usize = FaultKind::Misaligned as usize;
    let addr = space::RW.start();
    space::poke(addr, &[0; 8]);
    for offset in [1, 6] {
        // SAFETY: user memory.
        let (added, traps) =
            fault::counted(|| window::during(|| unsafe { access::try_add(addr + offset) }).0);
        // The direction is a write by the manual, and a read in QEMU, which loads first.
        ensure!(told(added).0 == MISALIGNED, "{offset}: {added:#x}");
        ensure!(traps == UNEXPLAINED, "{offset}: {traps:?}");
    }
    let bytes = space::peek(addr, 8);
    ensure!(bytes == [0; 8], "{bytes:?}");
    Ok(())
}
