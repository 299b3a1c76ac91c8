// SPDX-License-Identifier: MIT OR Apache-2.0
//! Notices a trap handler that resumes the same access of the self test for ever.

use core::sync::atomic::{AtomicUsize, Ordering};

/// The page at which the self test takes its faults, with bit 0 set; 0 if no self test runs.
static PAGE: AtomicUsize = AtomicUsize::new(0);

/// How often that page has faulted since the last landing.
static TIMES: AtomicUsize = AtomicUsize::new(0);

/// More than all CPUs together take between two landings of one of them.
const TOO_OFTEN: usize = 10_000;

/// The page of an address, as [`PAGE`] holds it.
const fn page(addr: usize) -> usize {
    addr & !0xfff | 1
}

/// Counts faults at an address until it is dropped.
#[derive(Debug)]
pub(super) struct Expected(());

impl Expected {
    #[inline]
    pub(super) fn at(addr: usize) -> Self {
        landed();
        PAGE.store(page(addr), Ordering::Relaxed);
        Self(())
    }
}

impl Drop for Expected {
    #[inline]
    fn drop(&mut self) {
        PAGE.store(0, Ordering::Relaxed);
    }
}

/// Says that execution has gone on.
#[inline]
pub(super) fn landed() {
    TIMES.store(0, Ordering::Relaxed);
}

/// Says that an address has faulted.
///
/// # Panics
///
/// If the self test can only end so.
#[inline]
pub(super) fn note(addr: usize) {
    if PAGE.load(Ordering::Relaxed) == page(addr) {
        count();
    }
}

#[cold]
#[inline]
fn count() {
    if TIMES.fetch_add(1, Ordering::Relaxed) > TOO_OFTEN {
        panic!(
            "axptr::trap::selftest: the trap handler resumes the same instruction again and again: what \
             `TrapFrame::set_pc` sets is not where it returns to, or its pager says yes and maps nothing"
        );
    }
}
