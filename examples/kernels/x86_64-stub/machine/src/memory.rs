// SPDX-License-Identifier: MIT OR Apache-2.0
//! The kernel's address space, and the program's below it.

use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

use x86_64::{instructions::tlb, structures::paging::PageTableFlags as Flags};

/// Where the kernel sees physical address 0, as in `kernel.ld`.
pub const KERNEL: usize = 0xffff_ffff_8000_0000;

/// Where the program lies: what one page table maps.
pub const USER: usize = if cfg!(feature = "la57") { (1 << 56) - (1 << 30) } else { 0x40_0000 };

/// How many page tables lie between the root and what they map.
const LEVELS: usize = if cfg!(feature = "la57") { 5 } else { 4 };

/// A page of memory, such as a page table.
#[derive(Debug)]
#[repr(C, align(4096))]
pub struct Page([AtomicU64; 512]);

/// From the root's to the one of [`USER`].
static TABLES: [Page; LEVELS - 1] = [const { Page::zeroed() }; LEVELS - 1];

/// Memory that nobody uses yet, and how many pages of it are taken.
static POOL: [Page; 6] = [const { Page::zeroed() }; 6];
static TAKEN: AtomicUsize = AtomicUsize::new(0);

unsafe extern "C" {
    /// The root of all page tables.
    safe static root: Page;

    /// The program: two pages of code, one of strings, one that is not used, one of data.
    safe static program: [Page; 5];
}

impl Page {
    const fn zeroed() -> Self {
        Self([const { AtomicU64::new(0) }; 512])
    }

    /// Makes an entry of this page table refer to a page. The program has these rights, beside reading.
    pub fn map(&self, index: usize, page: &Self, rights: Flags) {
        let physical = (&raw const *page).addr() - KERNEL;
        let flags = rights | Flags::PRESENT | Flags::USER_ACCESSIBLE;
        self.0[index].store(physical as u64 | flags.bits(), Relaxed);
    }

    /// The flags of an entry of this page table, if there is one with this number; none if it is empty.
    pub fn flags(&self, index: usize) -> Option<Flags> {
        Some(Flags::from_bits_truncate(self.0.get(index)?.load(Relaxed)))
    }
}

/// The page table of the program: page by page from [`USER`] on.
pub fn page_table() -> &'static Page {
    &TABLES[LEVELS - 2]
}

/// A page of zeros.
pub fn new_page() -> Option<&'static Page> {
    POOL.get(TAKEN.fetch_add(1, Relaxed))
}

/// Takes away what `boot.S` has mapped in the lower half, and maps the program there.
pub(crate) fn load_program() {
    root.0[0].store(0, Relaxed);
    let mut table = &root;
    for (level, next) in (1..LEVELS).rev().zip(&TABLES) {
        table.map(USER >> (12 + 9 * level) & 511, next, Flags::WRITABLE);
        table = next;
    }
    let constants = Flags::NO_EXECUTE;
    let data = Flags::NO_EXECUTE | Flags::WRITABLE;
    for (index, rights) in [(0, Flags::empty()), (1, Flags::empty()), (2, constants), (4, data)] {
        table.map(index, &program[index], rights);
    }
    tlb::flush_all();
}
