// SPDX-License-Identifier: MIT OR Apache-2.0
//! Address spaces that have so many areas.

use std::ptr;

use axptr::{Access, AddressSpace, UserConstPtr, UserRange};

const PAGE: usize = 4096;

/// How many areas are tried.
pub(crate) const AREAS: [usize; 4] = [10, 100, 1000, 10_000];

/// The levels of a page table, and the bits of an address that each of them takes.
const LEVELS: usize = 4;
const BITS: usize = 9;
const PRESENT: u32 = 1 << 31;

/// As many areas of a page each, of which only the last has memory.
#[derive(Debug)]
pub(crate) struct Space {
    areas: Vec<usize>,
    /// The page table: what an entry names is the next one's index.
    tables: Vec<[u32; 1 << BITS]>,
}

impl Space {
    pub(crate) fn new(count: usize) -> Self {
        let access = libc::PROT_READ | libc::PROT_WRITE;
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_POPULATE;
        // SAFETY: a new mapping, at an address of the kernel's choice.
        let page = unsafe { libc::mmap(ptr::null_mut(), PAGE, access, flags, -1, 0) };
        assert_ne!(page, libc::MAP_FAILED, "no memory");
        let last = page.expose_provenance();
        let before = last - 2 * PAGE * (count - 1);
        let mut tables = vec![[0; 1 << BITS]; LEVELS];
        for (level, table) in tables.iter_mut().enumerate() {
            table[index(last, level)] = PRESENT | (level as u32 + 1);
        }
        Self { areas: (0..count).map(|index| before + 2 * PAGE * index).collect(), tables }
    }

    pub(crate) fn last(&self) -> UserConstPtr<u64> {
        self.areas[self.areas.len() - 1].into()
    }
}

/// Where an address stands in a table of this level, the root's being 0.
fn index(addr: usize, level: usize) -> usize {
    addr >> (PAGE.ilog2() as usize + BITS * (LEVELS - 1 - level)) & ((1 << BITS) - 1)
}

impl AddressSpace for Space {
    /// A linear walk, as axmm's is.
    fn check_region_access(&self, range: UserRange, _: Access) -> bool {
        let area = self.areas.iter().find(|&&area| range.start() < area + PAGE);
        area.is_some_and(|&area| area <= range.start() && range.start() + range.len() <= area + PAGE)
    }

    /// The page-table query of a page that is present.
    fn handle_fault(&mut self, addr: usize, _: Access) -> bool {
        let mut table = 0;
        for level in 0..LEVELS {
            let entry = self.tables[table as usize][index(addr, level)];
            if entry & PRESENT == 0 {
                return false;
            }
            table = entry & !PRESENT;
        }
        true
    }
}
