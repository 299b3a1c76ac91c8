// SPDX-License-Identifier: MIT OR Apache-2.0
//! The program's memory, and the pager.

use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use aarch64_cpu::{
    asm::barrier,
    registers::{ReadWriteable, TCR_EL1, TTBR0_EL1, Writeable},
};
use axptr::Access;

/// The bits of a user address, and how many tables are looked up for them.
const BITS: usize = if cfg!(feature = "lva") { 52 } else { 48 };
const LEVELS: usize = (BITS - 12).div_ceil(9);
pub const USER_LIMIT: usize = 1 << BITS;
/// The program has the last pages of the user half.
pub const PROGRAM: usize = USER_LIMIT - 12 * 4096;
/// Where the kernel has physical memory, 39 bits of it: as in kernel.ld.
pub const KERNEL: usize = usize::MAX << 39;
/// TCR_EL1 at boot: 39 bits in both halves, tables cached, pages of 4 KiB; with 52 bits the format of LPA2.
pub const TCR: usize = 0xb519_3519 | if BITS == 52 { 1 << 59 } else { 0 };

// Bits of an entry.
const VALID: usize = 1 << 0;
const TABLE: usize = 1 << 1 | VALID;
const READ_ONLY: usize = 1 << 7;
const ACCESSED: usize = 1 << 10;
const NO_EXECUTE: usize = 1 << 54;
/// A page of the program's: accessible from user mode, and not executable by the kernel.
const TEXT: usize = 1 << 53 | ACCESSED | READ_ONLY | 1 << 6 | TABLE;
const CONST: usize = TEXT | NO_EXECUTE;
const DATA: usize = CONST - READ_ONLY;
const LAZY: usize = DATA - VALID;
const NONE: usize = 0;
/// The program's pages, and one of those that it has not.
const PAGES: [usize; 12] = [TEXT, TEXT, CONST, NONE, DATA, NONE, DATA, LAZY, LAZY, LAZY, LAZY, LAZY];
pub const HOLE: usize = 3;

#[repr(C, align(4096))]
pub struct Page([AtomicUsize; 512]);

/// The way from the program's root to its pages.
static TABLES: [Page; LEVELS] = [const { Page([const { AtomicUsize::new(0) }; 512]) }; LEVELS];

/// Maps the program; its lazy pages are not valid yet.
pub fn map_program() {
    unsafe extern "C" {
        static program: u8;
    }
    for (level, tables) in TABLES.windows(2).enumerate() {
        let index = PROGRAM >> (12 + 9 * (LEVELS - 1 - level)) & 511;
        tables[0].0[index].store((&raw const tables[1]).addr() - KERNEL | TABLE, Relaxed);
    }
    for (entry, (page, flags)) in leaf().iter().zip(PAGES.into_iter().enumerate()) {
        entry.store((&raw const program).addr() - KERNEL + page * 4096 | flags, Relaxed);
    }
    TTBR0_EL1.set(((&raw const TABLES).addr() - KERNEL) as u64);
    TCR_EL1.modify(TCR_EL1::T0SZ.val(64 - BITS as u64));
}

/// The entries of the program's pages.
fn leaf() -> &'static [AtomicUsize] {
    &TABLES[LEVELS - 1].0[512 - PAGES.len()..]
}

/// The pager: whether the program may make this access now. A lazy page becomes valid; the image has its zeros.
pub fn page_in(addr: usize, access: Access) -> bool {
    let Some(entry) = leaf().get(addr.wrapping_sub(PROGRAM) / 4096) else { return false };
    let flags = entry.load(Relaxed);
    let permits = flags & ACCESSED != 0 && (access == Access::Read || flags & READ_ONLY == 0);
    if permits {
        entry.fetch_or(VALID, Relaxed);
        barrier::dsb(barrier::ISHST);
        barrier::isb(barrier::SY);
    }
    permits
}
