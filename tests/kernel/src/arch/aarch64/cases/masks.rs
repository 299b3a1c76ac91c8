// SPDX-License-Identifier: MIT OR Apache-2.0
//! An exception sets all masks of PSTATE.DAIF (Arm ARM D1.3.5); the pager gets those of the access.

use alloc::string::String;
use core::{
    arch::asm,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
};

use crate::{
    ensure, fault,
    op::{BY_TABLE, Done},
    space,
};

/// Debug exceptions, and SErrors: nothing in the kernel relies on either. [`interrupts`](crate::cases) has the others.
const D: usize = 1 << 9;
const A: usize = 1 << 8;

/// What the pager has found.
static FOUND: AtomicUsize = AtomicUsize::new(usize::MAX);

pub fn the_pager_gets_the_masks_of_the_access() -> Result<(), String> {
    let before = masks();
    for (op, changed) in BY_TABLE.into_iter().flat_map(|op| [0, D, A, D | A].map(|masks| (op, masks))) {
        let expected = before ^ changed;
        space::LAZY.renew();
        FOUND.store(usize::MAX, Relaxed);
        fault::before_next_page(|| FOUND.store(masks(), Relaxed));
        set_masks(expected);
        let result = op.expect(space::LAZY.start(), 100, &[], Done::all(100, 1));
        let after = masks();
        set_masks(before);
        result?;
        let found = FOUND.load(Relaxed);
        ensure!(
            (found, after) == (expected, expected),
            "{op:?}: {found:#x} in the pager, {after:#x} behind the access, {expected:#x} before"
        );
    }
    Ok(())
}

fn masks() -> usize {
    let daif;
    // SAFETY: reads a register.
    unsafe { asm!("mrs {}, daif", out(reg) daif, options(nomem, nostack, preserves_flags)) };
    daif
}

fn set_masks(daif: usize) {
    // SAFETY: the kernel takes neither, so it can go on with any of these.
    unsafe { asm!("msr daif, {}", in(reg) daif, options(nomem, nostack, preserves_flags)) };
}
