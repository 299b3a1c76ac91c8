// SPDX-License-Identifier: MIT OR Apache-2.0
//! The program's memory. Its page tables are in `boot.S`; some pages are made when they are touched.

use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use axptr::Access;

/// Where the kernel has physical address 0, as in `kernel.ld`.
pub const KERNEL: usize = 0xffff_ffff_8000_0000;
/// Where the program is: what one page table maps.
pub const USER: usize = 0x40_0000;

// Bits of an entry in a page table: present, for user mode; writable; no code.
const PRESENT: usize = 5;
const WRITABLE: usize = 2;
const DATA: usize = 1 << 63;

#[repr(C, align(4096))]
struct Page([AtomicUsize; 512]);

static POOL: [Page; 6] = [const { Page([const { AtomicUsize::new(0) }; 512]) }; 6];
static TAKEN: AtomicUsize = AtomicUsize::new(0);

unsafe extern "C" {
    safe static table: Page;
}

/// Makes a page of the program present. False: the program may not access it so.
pub fn pager(addr: usize, access: Access) -> bool {
    let index = addr.wrapping_sub(USER) / 4096;
    let Some(entry) = table.0.get(index) else { return false };
    match entry.load(Relaxed) {
        // It comes when it is touched, from the pool.
        0 if (5..11).contains(&index) => {
            let Some(page) = POOL.get(TAKEN.fetch_add(1, Relaxed)) else { return false };
            let physical = (&raw const *page).addr() - KERNEL;
            entry.store(physical | PRESENT | WRITABLE | DATA, Relaxed);
            true
        }
        0 => false,
        // It is there, by now.
        present => access == Access::Read || present & WRITABLE != 0,
    }
}
