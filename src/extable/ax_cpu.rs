// SPDX-License-Identifier: MIT OR Apache-2.0
//! The tables of ax-cpu 0.10, as its trap handlers read them: whether they hold each entry of this crate's.
//!
//! `arch::ax_cpu` says how the entries get there.

use super::{
    entry::Entry,
    table::{Table, TableError},
};
use crate::arch::ax_cpu::FORM;

/// An entry of ax-cpu: see `arch::ax_cpu`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
struct Recovery {
    insn: i32,
    landing: i32,
}

unsafe extern "C" {
    // The linker script of ax-hal's platform, or of ax-runtime, defines them. Their type is not `Recovery`: if the script
    // lost the sections, they are equal, and may be misaligned.
    #[link_name = "_ex_table_start"]
    static START: [u8; 0];
    #[link_name = "_ex_table_end"]
    static END: [u8; 0];
    #[link_name = "_nofault_ex_table_start"]
    static NOFAULT_START: [u8; 0];
    #[link_name = "_nofault_ex_table_end"]
    static NOFAULT_END: [u8; 0];
}

/// Checks that each entry of `table`, which is this image's, stands in the table of ax-cpu that it belongs to.
pub(super) fn check(table: &Table<'_>) -> Result<(), TableError> {
    let mut after_hook = Cursor::between(&raw const START, &raw const END);
    let mut before_hook = Cursor::between(&raw const NOFAULT_START, &raw const NOFAULT_END);
    let is_missing = |entry: &Entry| {
        let cursor = if entry.is_nofault() { &mut before_hook } else { &mut after_hook };
        !cursor.finds(entry)
    };
    match table.entries().iter().position(is_missing) {
        Some(index) => Err(TableError::NotInAxCpu { index }),
        None => Ok(()),
    }
}

/// A search that begins behind the last entry that it has found. The linker puts the entries of both crates in the same
/// order, so it goes through the table once, and not once for each entry.
struct Cursor {
    start: *const Recovery,
    len: usize,
    next: usize,
}

impl Cursor {
    fn between(start: *const [u8; 0], end: *const [u8; 0]) -> Self {
        let bytes = end.addr().saturating_sub(start.addr());
        Self { start: start.cast(), len: bytes / size_of::<Recovery>(), next: 0 }
    }

    fn finds(&mut self, wanted: &Entry) -> bool {
        let behind = (self.next..self.len).chain(0..self.next);
        let found = behind.into_iter().find(|&index| self.at(index) == (wanted.insn(), wanted.landing()));
        self.next = found.map_or(self.next, |index| index + 1);
        found.is_some()
    }

    /// The instruction and the landing of an entry.
    fn at(&self, index: usize) -> (usize, usize) {
        let entry = self.start.wrapping_add(index);
        // SAFETY: the linker's symbols stand around one read-only section, and `index` counts its whole entries. A lost
        // or reversed section has none. A script that puts it at an odd place is no reason to fault here.
        let Recovery { insn, landing } = unsafe { entry.read_unaligned() };
        let place = |field: usize| if FORM == 2 { self.start.addr() } else { entry.addr() + field };
        (place(0).wrapping_add_signed(insn as isize), place(4).wrapping_add_signed(landing as isize))
    }
}
