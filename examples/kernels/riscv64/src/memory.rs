// SPDX-License-Identifier: MIT OR Apache-2.0
//! The program's memory, and the pager.

use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use axptr::Access;

/// The kernel lies in this gigabyte, where it is loaded. The program has the last pages in front of it.
pub const KERNEL: usize = 0x8000_0000;
pub const PROGRAM: usize = KERNEL - 12 * 4096;

// Entries of a table: dirty, accessed, global, of user mode, executable, writable, readable, valid.
const VALID: usize = 0b_0000_0001;
const READABLE: usize = 0b_0000_0010;
const WRITABLE: usize = 0b_0000_0100;
const TEXT: usize = 0b_1101_1011;
const CONST: usize = 0b_1101_0011;
const DATA: usize = 0b_1101_0111;
const LAZY: usize = 0b_1101_0110;
const HOLE: usize = 0;
const PAGES: [usize; 12] = [TEXT, TEXT, CONST, HOLE, DATA, HOLE, DATA, LAZY, LAZY, LAZY, LAZY, LAZY];

#[repr(C, align(4096))]
pub struct Page([AtomicUsize; 512]);

/// The root, which maps the kernel, and the way to the program's pages.
pub static TABLES: [Page; 3] = {
    let mut tables = [const { Page([const { AtomicUsize::new(0) }; 512]) }; 3];
    tables[0].0[2] = AtomicUsize::new(KERNEL >> 2 | 0b_1110_1111);
    tables
};

pub fn map_program() {
    unsafe extern "C" {
        static program: u8;
    }
    let set = |entry: &AtomicUsize, addr, flags| entry.store(addr >> 2 | flags, Relaxed);
    set(&TABLES[0].0[1], (&raw const TABLES[1]).addr(), VALID);
    set(&TABLES[1].0[511], (&raw const TABLES[2]).addr(), VALID);
    for (page, flags) in PAGES.into_iter().enumerate() {
        set(&TABLES[2].0[512 - 12 + page], (&raw const program).addr() + page * 4096, flags);
    }
}

/// The pager: whether the program may make this access now. A lazy page becomes valid; the image has its zeros.
pub fn page_in(addr: usize, access: Access) -> bool {
    let page = addr.wrapping_sub(PROGRAM) / 4096;
    let Some(entry) = TABLES[2].0[512 - 12..].get(page) else { return false };
    let needed = if access == Access::Write { WRITABLE } else { READABLE };
    let permits = entry.load(Relaxed) & needed != 0;
    if permits {
        entry.fetch_or(VALID, Relaxed);
    }
    permits
}
