// SPDX-License-Identifier: MIT OR Apache-2.0
//! Notices a trap handler that resumes the same access of the self test for ever.

use core::sync::atomic::{AtomicUsize, Ordering};

/// How often instructions of the self test have faulted since the last landing.
static TIMES: AtomicUsize = AtomicUsize::new(0);

/// More than all CPUs together take between two landings of one of them.
const TOO_OFTEN: usize = 10_000;

/// Says that execution has gone on.
#[inline]
pub(super) fn landed() {
    TIMES.store(0, Ordering::Relaxed);
}

/// Says that an instruction of the self test has faulted. No other code shares these: however often another CPU's accesses
/// fault at the same address, it is no sign.
///
/// # Panics
///
/// If the self test can only end so.
#[cold]
#[inline]
pub(super) fn count() {
    if TIMES.fetch_add(1, Ordering::Relaxed) > TOO_OFTEN {
        panic!(
            "axptr::trap::selftest: the trap handler resumes the same instruction again and again: what \
             `TrapFrame::set_pc` sets is not where it returns to, or its pager says yes and maps nothing"
        );
    }
}
