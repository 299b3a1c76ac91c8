// SPDX-License-Identifier: MIT OR Apache-2.0
//! TLB shootdown without an interrupt between CPUs.
//!
//! A translation outlives the page-table entry that it came from until its CPU drops it, and only one of the four
//! machines can tell the other CPUs to. So each CPU asks between two operations, and wherever it waits, whether page
//! tables have changed, drops all translations if so, and says that it has. Who takes a page away waits until all
//! have said so; a frame may serve somebody else only then.
//!
//! That is enough: between two operations a CPU holds no half-done access to user memory, so what it does after it
//! has asked uses the page table as it is. It takes no lock while it waits, so that nobody waits for it.

use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::{MOST, count, rank};

/// How often page tables have changed.
static CHANGES: AtomicUsize = AtomicUsize::new(0);
/// How many of the changes each CPU knows of.
static KNOWN: [AtomicUsize; MOST] = [const { AtomicUsize::new(0) }; MOST];
/// Which CPUs touch user memory at all.
static WORKING: [AtomicBool; MOST] = [const { AtomicBool::new(false) }; MOST];

/// Drops this CPU's translations if page tables have changed; says whether they have.
pub fn poll() -> bool {
    let changes = CHANGES.load(Ordering::SeqCst);
    let known = &KNOWN[rank()];
    let changed = known.load(Ordering::Relaxed) != changes;
    if changed {
        crate::line::asm::flush_tlb(None);
        known.store(changes, Ordering::SeqCst);
    }
    changed
}

/// Returns when no CPU uses the page table as it was before.
pub fn all_cpus() {
    let changes = CHANGES.fetch_add(1, Ordering::SeqCst) + 1;
    poll();
    for other in 0..count() {
        while WORKING[other].load(Ordering::SeqCst) && KNOWN[other].load(Ordering::SeqCst) < changes {
            poll();
            core::hint::spin_loop();
        }
    }
}

/// This CPU begins to touch user memory: whatever has changed, it knows.
pub(super) fn join() {
    WORKING[rank()].store(true, Ordering::SeqCst);
    let changes = CHANGES.load(Ordering::SeqCst);
    crate::line::asm::flush_tlb(None);
    KNOWN[rank()].store(changes, Ordering::SeqCst);
}

/// It touches none any more.
pub(super) fn leave() {
    WORKING[rank()].store(false, Ordering::SeqCst);
}
