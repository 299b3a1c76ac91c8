// SPDX-License-Identifier: MIT OR Apache-2.0
//! The program's memory, and the pager.

use core::{arch::global_asm, sync::atomic::Ordering::Relaxed};

use axptr::Access;
use machine::{BITS, LEVELS, Page};

/// User memory ends in front of the kernel, or with its half.
pub const USER_LIMIT: usize = if BITS == 39 { machine::MEMORY } else { 1 << (BITS - 1) };
/// The program has the last pages of it, in the last entries of a table.
pub const PROGRAM: usize = USER_LIMIT - 4096 * PAGES.len();

// Entries of a table: dirty, accessed, global, of user mode, executable, writable, readable, valid.
const VALID: usize = 0b_0000_0001;
const READABLE: usize = 0b_0000_0010;
const WRITABLE: usize = 0b_0000_0100;
const TEXT: usize = 0b_1101_1011;
const CONST: usize = 0b_1101_0011;
const DATA: usize = 0b_1101_0111;
const LAZY: usize = DATA - VALID;
const HOLE: usize = 0;
/// The program's pages.
const PAGES: [usize; 12] = [TEXT, TEXT, CONST, HOLE, DATA, HOLE, DATA, LAZY, LAZY, LAZY, LAZY, LAZY];

global_asm!(include_str!("../machine/src/program.S"), PROGRAM = const PROGRAM);

/// The tables below the root, down to the program's pages.
static TABLES: [Page; LEVELS - 1] = [const { Page::zeros() }; LEVELS - 1];

/// Maps the program; its lazy pages are not valid yet.
pub fn map_program() {
    unsafe extern "C" {
        safe static program: [Page; PAGES.len()];
    }
    let mut table = &machine::ROOT;
    for (level, next) in (1..LEVELS).rev().zip(&TABLES) {
        table.set(PROGRAM >> (12 + 9 * level) & 511, next, VALID);
        table = next;
    }
    for (index, flags) in PAGES.into_iter().enumerate() {
        table.set(512 - PAGES.len() + index, &program[index], flags);
    }
}

/// The pager: whether the program may make this access now. A lazy page becomes valid; the image has its zeros.
pub fn page_in(addr: usize, access: Access) -> bool {
    let entries = &TABLES[LEVELS - 2].0[512 - PAGES.len()..];
    let Some(entry) = entries.get(addr.wrapping_sub(PROGRAM) / 4096) else { return false };
    let needed = if access == Access::Write { WRITABLE } else { READABLE };
    let permits = entry.load(Relaxed) & needed != 0;
    if permits {
        entry.fetch_or(VALID, Relaxed);
    }
    permits
}
