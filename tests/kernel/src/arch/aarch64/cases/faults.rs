// SPDX-License-Identifier: MIT OR Apache-2.0
//! The classes of faults that pages of ordinary kinds do not raise.

use alloc::string::String;
use core::arch::asm;

use axptr::{Access, FaultKind};

use crate::{
    ensure,
    fault::{self, Traps},
    op::{BY_TABLE, Done, pattern},
    pte,
    space::{self, PAGE},
};

// A page-table entry (Arm ARM D8.3.1): where it leads, and whether it was accessed.
const OUTPUT_ADDRESS: u64 = 0xffff_ffff_f000;
const ACCESSED: u64 = 1 << 10;

/// Nothing in the machine answers there: behind all memory.
const NOWHERE: u64 = 0x3f_0000_0000;

/// With SCTLR_EL1.A set, as an access to device memory would be without it.
pub fn a_misaligned_access_is_finished_bytewise() -> Result<(), String> {
    let (page, before) = (space::RW.start(), pattern(PAGE));
    // Kernel memory is aligned here, and written bytewise behind the fault. User stores are aligned anyway.
    let reads = BY_TABLE.into_iter().filter(|op| op.access == Access::Read);
    for (op, len) in reads.flat_map(|op| [2, 3, 8, 60, 200].map(|len| (op, len))) {
        space::poke(page, &before);
        fault::last_call();
        check_alignment(true);
        let done = op.check(page + 1, len, &before[1..1 + len]);
        check_alignment(false);
        let expected = Done { copied: len, kind: None, traps: Traps { page: 0, out_of_reach: 1 } };
        let done = done?;
        ensure!(done == expected, "{op:?} of {len}: {done:?}, not {expected:?}");
        ensure!(fault::last_call().is_none(), "{op:?} has asked the pager");
    }
    Ok(())
}

/// Sets SCTLR_EL1.A. The kernel is built for it: its target has strict alignment.
fn check_alignment(on: bool) {
    const A: usize = 1 << 1;
    let sctlr: usize;
    // SAFETY: reads a register.
    unsafe { asm!("mrs {}, sctlr_el1", out(reg) sctlr, options(nomem, nostack)) };
    let sctlr = if on { sctlr | A } else { sctlr & !A };
    // SAFETY: changes one bit, with which the kernel can go on.
    unsafe { asm!("msr sctlr_el1, {}", "isb", in(reg) sctlr, options(nostack)) };
}

/// A synchronous external abort: what damaged memory gives too.
pub fn what_no_device_answers_ends_a_copy() -> Result<(), String> {
    let (edge, before) = (space::RW.page(1), pattern(2 * PAGE));
    for (op, len) in BY_TABLE.into_iter().flat_map(|op| [2, 10, 100, 1000].map(|len| (op, len))) {
        space::poke(space::RW.start(), &before);
        fault::last_call();
        let good = len / 2;
        let nowhere = pte::change(edge, |entry| entry & !OUTPUT_ADDRESS | NOWHERE);
        let done = op.check(edge - good, len, &before[PAGE - good..PAGE]);
        drop(nowhere);
        let done = done?;
        ensure!(
            (done.copied, done.kind) == (good, Some(FaultKind::Physical)),
            "{op:?} of {len}: {done:?}, not {good} bytes"
        );
        ensure!(
            done.traps.page == 0 && (1..=2).contains(&done.traps.out_of_reach),
            "{op:?} of {len}: {done:?}"
        );
        ensure!(fault::last_call().is_none(), "{op:?} has asked the pager");
        ensure!(space::peek(edge, PAGE) == before[PAGE..], "{op:?} has changed the page");
    }
    Ok(())
}

/// A kernel that tells recently used pages from others takes their flags away.
pub fn an_access_flag_is_the_pagers_business() -> Result<(), String> {
    fn give_it_back() {
        let _ = pte::change(space::RW.page(1), |entry| entry | ACCESSED).keep();
    }
    let (edge, before) = (space::RW.page(1), pattern(2 * PAGE));
    for (op, len) in BY_TABLE.into_iter().flat_map(|op| [2, 10, 100, 2000].map(|len| (op, len))) {
        space::poke(space::RW.start(), &before);
        fault::last_call();
        let good = len / 2;
        let _ = pte::change(edge, |entry| entry & !ACCESSED).keep();
        fault::before_next_page(give_it_back);
        let done = op.check(edge - good, len, &before[PAGE - good..][..len]);
        give_it_back();
        let (done, expected) = (done?, Done::all(len, 1));
        ensure!(done == expected, "{op:?} of {len}: {done:?}, not {expected:?}");
        ensure!(fault::detour_taken(), "{op:?} has not asked the pager");
        // Only the page counts: of a copy instruction the machine need not name the first byte.
        let asked = fault::last_call().map(|call| (call.addr / PAGE * PAGE, call.access));
        ensure!(asked == Some((edge, op.access)), "{op:?} of {len} asked for {asked:x?}");
    }
    Ok(())
}
