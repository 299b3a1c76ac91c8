// SPDX-License-Identifier: MIT OR Apache-2.0
//! `sstatus` behind a copy.

use alloc::string::String;
use core::arch::asm;

use axptr::FaultKind;

use crate::{
    ensure,
    op::{BY_TABLE, Done},
    space,
};

// Bits of `sstatus` (Privileged ISA, "sstatus"). A trap in between changes SPP and SPIE, and FS means nothing
// here.
const SIE: usize = 1 << 1;
const SUM: usize = 1 << 18;
const MXR: usize = 1 << 19;
const WATCHED: usize = SIE | SUM | MXR;

/// A routine that restored all of the register would undo what the pager, or a trap, has changed meanwhile;
/// one that wrote too little or too much of it would show here.
pub fn a_copy_changes_no_other_bit() -> Result<(), String> {
    for set in [0, MXR, SUM, SUM | MXR] {
        for (op, len) in BY_TABLE.into_iter().flat_map(|op| [1, 8, 60, 3000].map(|len| (op, len))) {
            space::LAZY.renew();
            let before = status();
            change(set);
            let held = status();
            let results = [
                op.expect(space::RW.start(), len, &[], Done::all(len, 0)),
                op.expect(space::LAZY.start(), len, &[], Done::all(len, 1)),
                op.expect(space::HOLE.start(), len, &[], Done::stopped(0, FaultKind::NotPresent, 1)),
            ];
            let after = status();
            change(before);
            results.into_iter().collect::<Result<(), _>>()?;
            ensure!(held & (SUM | MXR) == set, "{held:#x}");
            ensure!(held == after, "{op:?} of {len}: {held:#x} before, {after:#x} behind");
        }
    }
    Ok(())
}

fn status() -> usize {
    let sstatus: usize;
    // SAFETY: reads a register.
    unsafe { asm!("csrr {}, sstatus", out(reg) sstatus, options(nostack)) };
    sstatus & WATCHED
}

/// Makes SUM and MXR those of `status`.
fn change(status: usize) {
    // SAFETY: both concern what loads and stores may reach; the kernel's own are not among it.
    unsafe { asm!("csrc sstatus, {}", in(reg) SUM | MXR, options(nostack)) };
    // SAFETY: as above.
    unsafe { asm!("csrs sstatus, {}", in(reg) status & (SUM | MXR), options(nostack)) };
}
