// SPDX-License-Identifier: MIT OR Apache-2.0
//! Pages that fail in the middle, as damaged or tagged memory does: simulated, because no user can damage memory.
//!
//! A poisoned page is inaccessible to the machine. The handler answers every wide access to it with a sub-page
//! cause, and does those of single bytes by hand, up to the first bad one.

use std::sync::atomic::{AtomicUsize, Ordering};

use axptr_cases::PAGE;

/// The good bytes at the start of each poisoned page.
pub(crate) const GOOD: usize = 5;

/// Poisoned pages: their first address, the one behind them, and where their memory is.
static RUNS: [[AtomicUsize; 3]; 64] = [const { [const { AtomicUsize::new(0) }; 3] }; 64];
static COUNT: AtomicUsize = AtomicUsize::new(0);

/// Forgets all pages.
pub(crate) fn clear() {
    COUNT.store(0, Ordering::Relaxed);
}

/// Poisons the page at `start`, whose memory is at `alias`.
pub(crate) fn add(start: usize, alias: usize) {
    let index = COUNT.load(Ordering::Relaxed);
    let [first, behind, memory] = &RUNS[index];
    first.store(start, Ordering::Relaxed);
    behind.store(start + PAGE, Ordering::Relaxed);
    memory.store(alias, Ordering::Relaxed);
    COUNT.store(index + 1, Ordering::Relaxed);
}

/// Forgets the page at `start`, if it is poisoned: what comes to be there next is another's. Poison that outlived its mapping
/// sent the reads of a later one to memory that was no longer its own, where Linux gave both the same place.
pub(crate) fn forget(start: usize) {
    let count = COUNT.load(Ordering::Relaxed);
    let Some(gone) = RUNS[..count].iter().position(|[first, ..]| first.load(Ordering::Relaxed) == start)
    else {
        return;
    };
    for (of_gone, of_last) in RUNS[gone].iter().zip(&RUNS[count - 1]) {
        of_gone.store(of_last.load(Ordering::Relaxed), Ordering::Relaxed);
    }
    COUNT.store(count - 1, Ordering::Relaxed);
}

/// Where the byte at `addr` can be had, if it is a good one; `None` if it is bad.
pub(crate) fn memory_of(addr: usize) -> Option<usize> {
    let runs = &RUNS[..COUNT.load(Ordering::Relaxed)];
    for [first, behind, memory] in runs {
        let start = first.load(Ordering::Relaxed);
        if (start..behind.load(Ordering::Relaxed)).contains(&addr) {
            let offset = addr - start;
            return (offset % PAGE < GOOD).then(|| memory.load(Ordering::Relaxed) + offset);
        }
    }
    Some(addr)
}
