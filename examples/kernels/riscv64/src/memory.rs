// SPDX-License-Identifier: MIT OR Apache-2.0
//! The program's memory, and the pager.

use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use axptr::Access;

/// The bits of an address, and the mode of `satp` that has them.
pub const BITS: usize = if cfg!(feature = "sv57") {
    57
} else if cfg!(feature = "sv48") {
    48
} else {
    39
};
pub const MODE: usize = LEVELS + 5;
const LEVELS: usize = (BITS - 12) / 9;
/// Where the kernel has physical memory: with Sv39 where it is, else in the last entry of the root. As in build.rs.
const KERNEL: usize = if BITS == 39 { 0 } else { usize::MAX << (BITS - 9) };
const PHYSICAL: usize = 0x8000_0000;
/// User memory ends in front of the kernel, or with its half.
pub const USER_LIMIT: usize = if BITS == 39 { PHYSICAL } else { 1 << (BITS - 1) };
/// The program has the last pages of it.
pub const PROGRAM: usize = USER_LIMIT - 12 * 4096;

// Entries of a table: dirty, accessed, global, of user mode, executable, writable, readable, valid.
const VALID: usize = 0b_0000_0001;
const READABLE: usize = 0b_0000_0010;
const WRITABLE: usize = 0b_0000_0100;
const MEMORY: usize = 0b_1110_1111;
const TEXT: usize = 0b_1101_1011;
const CONST: usize = 0b_1101_0011;
const DATA: usize = 0b_1101_0111;
const LAZY: usize = DATA - VALID;
const NONE: usize = 0;
/// The program's pages, and one of those that it has not.
const PAGES: [usize; 12] = [TEXT, TEXT, CONST, NONE, DATA, NONE, DATA, LAZY, LAZY, LAZY, LAZY, LAZY];
pub const HOLE: usize = 3;

#[repr(C, align(4096))]
pub struct Page([AtomicUsize; 512]);

/// The root, with the kernel's memory in one entry, and the way to the program's pages.
pub static TABLES: [Page; LEVELS] = {
    let mut tables = [const { Page([const { AtomicUsize::new(0) }; 512]) }; LEVELS];
    let start = PHYSICAL & usize::MAX << (BITS - 9);
    tables[0].0[(KERNEL + PHYSICAL) >> (BITS - 9) & 511] = AtomicUsize::new(start >> 2 | MEMORY);
    tables
};

/// Maps the program; its lazy pages are not valid yet.
pub fn map_program() {
    unsafe extern "C" {
        static program: u8;
    }
    for (level, tables) in TABLES.windows(2).enumerate() {
        let index = PROGRAM >> (BITS - 9 * (level + 1)) & 511;
        tables[0].0[index].store(((&raw const tables[1]).addr() - KERNEL) >> 2 | VALID, Relaxed);
    }
    for (entry, (page, flags)) in leaf().iter().zip(PAGES.into_iter().enumerate()) {
        entry.store(((&raw const program).addr() - KERNEL + page * 4096) >> 2 | flags, Relaxed);
    }
}

/// The entries of the program's pages.
fn leaf() -> &'static [AtomicUsize] {
    &TABLES[LEVELS - 1].0[512 - PAGES.len()..]
}

/// The pager: whether the program may make this access now. A lazy page becomes valid; the image has its zeros.
pub fn page_in(addr: usize, access: Access) -> bool {
    let Some(entry) = leaf().get(addr.wrapping_sub(PROGRAM) / 4096) else { return false };
    let needed = if access == Access::Write { WRITABLE } else { READABLE };
    let permits = entry.load(Relaxed) & needed != 0;
    if permits {
        entry.fetch_or(VALID, Relaxed);
    }
    permits
}
