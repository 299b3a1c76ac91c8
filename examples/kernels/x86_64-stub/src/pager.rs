// SPDX-License-Identifier: MIT OR Apache-2.0
//! The pager: makes pages of the program when they are touched.

use core::ops::Range;

use axptr::Access;
use machine::memory::{USER, new_page, page_table};
use x86_64::structures::paging::PageTableFlags as Flags;

/// The pages that are made when they are touched, counted from `USER`.
const LAZY: Range<usize> = 5..11;

/// Whether the program may access this address by now.
pub fn pager(addr: usize, access: Access) -> bool {
    let index = addr.wrapping_sub(USER) / 4096;
    match page_table().flags(index) {
        // The page table first: by now the page may be there, and permit the access or not.
        Some(flags) if flags.contains(Flags::PRESENT) => {
            access == Access::Read || flags.contains(Flags::WRITABLE)
        }
        Some(_) if LAZY.contains(&index) => {
            let Some(page) = new_page() else { return false };
            page_table().map(index, page, Flags::WRITABLE | Flags::NO_EXECUTE);
            true
        }
        _ => false,
    }
}
