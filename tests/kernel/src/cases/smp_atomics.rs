// SPDX-License-Identifier: MIT OR Apache-2.0
//! Several CPUs change the same value at once, in a page that comes and goes: nothing is lost.

use alloc::{format, string::String};
use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use axptr::{UserPtr, atomic::AtomicError};

use super::smp_changing::{self, PAGES, while_pages_come_and_go};
use crate::{
    ensure,
    smp::{self, shootdown},
    space,
};

/// The counters of one page, for a value of each width.
const COUNTERS: [usize; 4] = [1, 2, 4, 8];

/// All CPUs but one add to the same counters, in pages that the last one takes away and gives back: what was said to
/// be done is in memory, and nothing else.
pub fn no_addition_is_lost_while_the_page_comes_and_goes() -> Result<(), String> {
    let done = [const { [const { AtomicU64::new(0) }; COUNTERS.len()] }; PAGES];
    let refused = AtomicUsize::new(0);
    let add = |rank: usize, round: usize, page: usize, width: usize| -> Result<(), String> {
        let addr = smp_changing::start(0) + page * space::PAGE + COUNTERS[width];
        // By turns with a single instruction and with two, and with the pager and without.
        let by_exchange = round.is_multiple_of(2);
        macro_rules! step {
            ($width:ty) => {{
                let value = UserPtr::<$width>::from(addr);
                let seen = if rank.is_multiple_of(2) { value.read() } else { value.nofault().read() };
                let value = value.atomic();
                match seen {
                    Err(fault) => Err(AtomicError::Fault(fault)),
                    Ok(seen) if by_exchange => {
                        value.compare_exchange(seen, seen.wrapping_add(1)).map(|found| found.is_ok())
                    }
                    Ok(_) if rank.is_multiple_of(2) => value.fetch_add(1).map(|_| true),
                    Ok(_) => value.as_ptr().nofault().atomic().fetch_add(1).map(|_| true),
                }
            }};
        }
        let result = match COUNTERS[width] {
            1 => step!(u8),
            2 => step!(u16),
            4 => step!(u32),
            _ => step!(u64),
        };
        match result {
            Ok(true) => _ = done[page][width].fetch_add(1, Ordering::Relaxed),
            Ok(false) | Err(AtomicError::Retry) => {}
            Err(AtomicError::Fault(fault)) => {
                ensure!((fault.done, fault.addr) == (0, addr), "{fault:x?}");
                refused.fetch_add(1, Ordering::Relaxed);
            }
            Err(error) => return Err(format!("{error:x?}")),
        }
        Ok(())
    };
    let last = AtomicUsize::new(0);
    while_pages_come_and_go(1, |rank, all, stop| {
        let mut round = rank;
        while !stop.load(Ordering::Acquire) {
            shootdown::poll();
            add(rank, round / 24, round % PAGES, round / PAGES % COUNTERS.len())?;
            round += 1;
        }
        // The last one to stop looks at the sums, past all mappings.
        if last.fetch_add(1, Ordering::AcqRel) + 2 < smp::count() {
            return Ok(());
        }
        for (page, done) in done.iter().enumerate() {
            let frame = all[0].read(page);
            for (width, done) in COUNTERS.into_iter().zip(done) {
                let mut bytes = [0; 8];
                bytes[..width].copy_from_slice(&frame[width..2 * width]);
                let (found, done) = (u64::from_le_bytes(bytes), done.load(Ordering::Relaxed));
                let expected = done & u64::MAX >> (64 - 8 * width);
                ensure!(found == expected && done > 0, "page {page}, {width} bytes: {found}, and not {done}");
            }
        }
        Ok(())
    })?;
    let refused = refused.into_inner();
    // Otherwise nothing was tried.
    ensure!(refused > 10, "{refused} faults");
    Ok(())
}
