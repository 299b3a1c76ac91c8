// SPDX-License-Identifier: MIT OR Apache-2.0
//! The tables of ax-cpu 0.10, as its trap handlers read them: whether they hold each entry of this crate's.
//!
//! `arch::ax_cpu` says how the entries get there.

use super::{
    entry::Entry,
    table::{Table, TableError},
};
#[cfg(axptr_ax_cpu)]
use crate::arch::ax_cpu::FORM;

/// The distances of an entry are from the table's start, and not from their own places.
const FROM_START: u8 = 2;

/// An entry of ax-cpu: see `arch::ax_cpu`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
struct Recovery {
    insn: i32,
    landing: i32,
}

#[cfg(axptr_ax_cpu)]
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
#[cfg(axptr_ax_cpu)]
pub(super) fn check(table: &Table<'_>) -> Result<(), TableError> {
    // SAFETY: (both) (1) the linker's symbols stand around one read-only section.
    let behind_hook = unsafe { Cursor::between((&raw const START).cast(), (&raw const END).cast(), FORM) };
    // SAFETY: as above.
    let before_hook =
        unsafe { Cursor::between((&raw const NOFAULT_START).cast(), (&raw const NOFAULT_END).cast(), FORM) };
    check_in(table, behind_hook, before_hook)
}

/// The same for any two tables: that which is searched behind the kernel's hook, and that before it.
fn check_in(table: &Table<'_>, mut behind_hook: Cursor, mut before_hook: Cursor) -> Result<(), TableError> {
    let is_missing = |entry: &Entry| {
        let cursor = if entry.is_nofault() { &mut before_hook } else { &mut behind_hook };
        !cursor.finds(entry.insn(), entry.landing())
    };
    match table.entries().iter().position(is_missing) {
        Some(index) => Err(TableError::NotInAxCpu { index }),
        None => Ok(()),
    }
}

/// A search that begins behind the last entry that it has found. The linker puts the entries of both tables in the same
/// order, so it goes through a table once, and not once for each entry.
struct Cursor {
    start: *const Recovery,
    len: usize,
    next: usize,
    form: u8,
}

impl Cursor {
    /// A table between two addresses. A lost one has no entries. One that is reversed, misaligned, or no whole number of
    /// entries has none either: at each fault, ax-cpu would panic over it.
    ///
    /// # Safety
    ///
    /// 1. The memory between the addresses is readable, and does not change.
    unsafe fn between(start: *const Recovery, end: *const Recovery, form: u8) -> Self {
        let bytes = end.addr().saturating_sub(start.addr());
        let is_whole = start.is_aligned() && bytes.is_multiple_of(size_of::<Recovery>());
        Self { start, len: if is_whole { bytes / size_of::<Recovery>() } else { 0 }, next: 0, form }
    }

    fn finds(&mut self, insn: usize, landing: usize) -> bool {
        let mut order = (self.next..self.len).chain(0..self.next);
        let found = order.find(|&index| self.at(index) == (insn, landing));
        self.next = found.map_or(self.next, |index| index + 1);
        found.is_some()
    }

    /// The instruction and the landing of an entry.
    fn at(&self, index: usize) -> (usize, usize) {
        let entry = self.start.wrapping_add(index);
        // SAFETY: by (1), `index` counts whole entries, and they are aligned.
        let Recovery { insn, landing } = unsafe { entry.read() };
        let place = |field: usize| {
            if self.form == FROM_START { self.start.addr() } else { entry.addr() + field }
        };
        (place(0).wrapping_add_signed(insn as isize), place(4).wrapping_add_signed(landing as isize))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, MutexGuard, PoisonError};

    use super::*;

    /// A table with room for each entry of this test's own image. It lies in the image: 32 bits reach the code from there.
    struct Words {
        words: [i32; 1 << 13],
        len: usize,
    }

    static BEHIND_HOOK: Mutex<Words> = Mutex::new(Words { words: [0; 1 << 13], len: 0 });
    static BEFORE_HOOK: Mutex<Words> = Mutex::new(Words { words: [0; 1 << 13], len: 0 });

    type Tables = [MutexGuard<'static, Words>; 2];

    /// ax-cpu's tables for those entries: the instruction, then the landing, as distances from the start or from each
    /// word's own place.
    fn tables(form: u8, keep: impl Fn(usize) -> bool) -> Tables {
        let mut tables =
            [&BEHIND_HOOK, &BEFORE_HOOK].map(|table| table.lock().unwrap_or_else(PoisonError::into_inner));
        tables.iter_mut().for_each(|table| table.len = 0);
        let entries = Table::image().entries();
        for (_, entry) in entries.iter().enumerate().filter(|&(index, _)| keep(index)) {
            let table = &mut *tables[usize::from(entry.is_nofault())];
            for to in [entry.insn(), entry.landing()] {
                let start = table.words.as_ptr().addr();
                let from = if form == 2 { start } else { start + 4 * table.len };
                let distance = to.wrapping_sub(from) as isize;
                table.words[table.len] = i32::try_from(distance).expect("the image is small");
                table.len += 1;
            }
        }
        tables
    }

    fn check(form: u8, [behind, before]: &Tables) -> Result<(), TableError> {
        let cursor = |table: &Words| {
            let around = table.words[..table.len].as_ptr_range();
            // SAFETY: (1) it is an array that is locked.
            unsafe { Cursor::between(around.start.cast(), around.end.cast(), form) }
        };
        check_in(&Table::image(), cursor(behind), cursor(before))
    }

    #[test]
    fn an_entry_that_is_not_in_its_table_of_ax_cpu_is_found() {
        let count = Table::image().entries().len();
        for form in [1, 2] {
            assert_eq!(check(form, &tables(form, |_| true)), Ok(()));
            for lost in [0, count / 2, count - 1] {
                let found = check(form, &tables(form, |index| index != lost));
                assert_eq!(found, Err(TableError::NotInAxCpu { index: lost }));
            }
            let [behind, before] = tables(form, |_| true);
            assert!(check(form, &[before, behind]).is_err(), "the tables changed places");
            assert_eq!(check(form, &tables(form, |_| false)), Err(TableError::NotInAxCpu { index: 0 }));
        }
        assert!(check(2, &tables(1, |_| true)).is_err(), "the other format");
    }

    /// ax-cpu's `lookup` asserts that it gets whole entries, and makes a slice of them.
    #[test]
    fn a_table_that_ax_cpu_would_panic_over_is_no_table() {
        let tables = tables(1, |_| true);
        let around = tables[0].words[..tables[0].len].as_ptr_range();
        let entries = Table::image().entries();
        let first = entries.iter().position(|entry| !entry.is_nofault()).expect("there are both");
        let check_to = |start: *const i32, end: *const i32| {
            // SAFETY: (1) the array is longer, and locked.
            let behind = unsafe { Cursor::between(start.cast(), end.cast(), 1) };
            let before = tables[1].words[..tables[1].len].as_ptr_range();
            // SAFETY: (1) as above.
            let before = unsafe { Cursor::between(before.start.cast(), before.end.cast(), 1) };
            check_in(&Table::image(), behind, before)
        };
        assert_eq!(check_to(around.start, around.end), Ok(()));
        let lost = Err(TableError::NotInAxCpu { index: first });
        assert_eq!(check_to(around.start, around.end.wrapping_add(1)), lost, "padded to 12 bytes");
        assert_eq!(check_to(around.start, around.end.wrapping_byte_add(1)), lost, "padded to 9 bytes");
        assert_eq!(check_to(around.end, around.start), lost, "reversed");
        let odd = |end: *const i32| end.wrapping_byte_add(2);
        assert_eq!(check_to(odd(around.start), odd(around.end)), lost, "at an odd place");
    }

    #[test]
    fn the_order_of_the_entries_is_nothing_to_ax_cpu() {
        let mut tables = tables(2, |_| true);
        let len = tables[0].len;
        tables[0].words[..len].rotate_left(len / 4 * 2);
        assert_eq!(check(2, &tables), Ok(()));
    }
}
