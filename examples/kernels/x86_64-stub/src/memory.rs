// SPDX-License-Identifier: MIT OR Apache-2.0
//! The program's memory: what is there from the start, and the pager, which makes pages when they are touched.

use core::{
    ops::Range,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
};

use axptr::Access;
use axptr_example_x86_64_machine::memory::{Page, USER, page_table, program};
use x86_64::structures::paging::PageTableFlags as Rights;

/// The pages that are made when they are touched, counted from `USER`.
const LAZY: Range<usize> = 5..11;

/// What they are made of, and how many are taken.
static POOL: [Page; 6] = [const { Page::zeroed() }; 6];
static TAKEN: AtomicUsize = AtomicUsize::new(0);

/// Maps what the program begins with: code, strings, a hole, and data.
pub fn load_program() {
    let constants = Rights::NO_EXECUTE;
    let data = Rights::NO_EXECUTE | Rights::WRITABLE;
    for (index, rights) in [(0, Rights::empty()), (1, Rights::empty()), (2, constants), (4, data)] {
        page_table().map(index, &program[index], rights);
    }
}

/// Whether the program may access this address, by now: makes the page if it is one of the lazy ones.
pub fn pager(addr: usize, access: Access) -> bool {
    let index = addr.wrapping_sub(USER) / 4096;
    match page_table().flags(index) {
        // The page table first: the page may be there by now, or be there and not permit it.
        Some(flags) if flags.contains(Rights::PRESENT) => {
            access == Access::Read || flags.contains(Rights::WRITABLE)
        }
        Some(_) if LAZY.contains(&index) => {
            let page = POOL.get(TAKEN.fetch_add(1, Relaxed));
            page.inspect(|page| page_table().map(index, page, Rights::WRITABLE | Rights::NO_EXECUTE))
                .is_some()
        }
        _ => false,
    }
}
