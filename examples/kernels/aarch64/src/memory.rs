// SPDX-License-Identifier: MIT OR Apache-2.0
//! The program's memory, and the pager.

use core::{arch::global_asm, sync::atomic::Ordering::Relaxed};

use axptr::Access;
use machine::{BITS, LEVELS, Page};

pub const USER_LIMIT: usize = 1 << BITS;
/// The program has the last pages of the user half.
pub const PROGRAM: usize = USER_LIMIT - 4096 * PAGES.len();

// Entries of a table.
const VALID: usize = 1 << 0;
const TABLE: usize = 1 << 1 | VALID;
const READ_ONLY: usize = 1 << 7;
const ACCESSED: usize = 1 << 10;
/// Accessible from user mode, and not executable in the kernel.
const TEXT: usize = 1 << 53 | ACCESSED | READ_ONLY | 1 << 6 | TABLE;
const CONST: usize = 1 << 54 | TEXT;
const DATA: usize = CONST - READ_ONLY;
const LAZY: usize = DATA - VALID;
const HOLE: usize = 0;
/// The program's pages.
const PAGES: [usize; 12] = [TEXT, TEXT, CONST, HOLE, DATA, HOLE, DATA, LAZY, LAZY, LAZY, LAZY, LAZY];

global_asm!(include_str!("../machine/src/program.S"), PROGRAM = const PROGRAM);

/// From the root down to the program's pages.
static TABLES: [Page; LEVELS] = [const { Page::zeros() }; LEVELS];

/// Maps the program; its lazy pages are not valid yet.
pub fn map_program() {
    unsafe extern "C" {
        safe static program: [Page; PAGES.len()];
    }
    for (level, tables) in TABLES.windows(2).enumerate() {
        tables[0].set(PROGRAM >> (12 + 9 * (LEVELS - 1 - level)) & 511, &tables[1], TABLE);
    }
    for (index, flags) in PAGES.into_iter().enumerate() {
        TABLES[LEVELS - 1].set(512 - PAGES.len() + index, &program[index], flags);
    }
    machine::translate_by(&TABLES[0]);
}

/// The pager: whether the program may make this access now. A lazy page becomes valid; the image has its zeros.
pub fn page_in(addr: usize, access: Access) -> bool {
    let entries = &TABLES[LEVELS - 1].0[512 - PAGES.len()..];
    let Some(entry) = entries.get(addr.wrapping_sub(PROGRAM) / 4096) else { return false };
    let flags = entry.load(Relaxed);
    let permits = flags & ACCESSED != 0 && (access == Access::Read || flags & READ_ONLY == 0);
    if permits {
        entry.fetch_or(VALID, Relaxed);
    }
    permits
}
