// SPDX-License-Identifier: MIT OR Apache-2.0
//! The table of the image that this crate is linked into.

use core::sync::atomic::{AtomicU8, Ordering};

use super::{
    entry::Entry,
    table::{Landing, Table, TableError, entries_between, first_unsorted},
};
use crate::{
    arch,
    extable::cause::{Access, FaultKind},
};

unsafe extern "C" {
    // The linker defines both for a section whose name is a C identifier. They are no entries: of a lost table
    // the two may be equal, and of a torn one misaligned, which the compiler would rule out for an `Entry`.
    #[link_name = "__start_axptr_ex_table"]
    static START: [u8; 0];
    #[link_name = "__stop_axptr_ex_table"]
    static STOP: [u8; 0];
}

/// 0 until the first lookup has looked at the order; several CPUs may find out at once.
static ORDER: AtomicU8 = AtomicU8::new(ORDER_UNKNOWN);
const ORDER_UNKNOWN: u8 = 0;
const ORDER_ASCENDING: u8 = 1;
const ORDER_NONE: u8 = 2;

/// Finds the landing for a fault at `pc` in this image.
///
/// See [`Table::lookup`]. Needs no initialisation. If a linker left the table unsorted, the search is
/// linear: slower, never wrong.
#[inline]
pub fn lookup(pc: usize, access: Option<Access>, kind: FaultKind) -> Option<Landing> {
    Table::image().lookup(pc, access, kind)
}

/// Checks the image's table from end to end: not empty, whole entries, ascending, no two that contradict each other,
/// the sentinel in its place.
///
/// This is the table's part of [`axptr::selftest`](crate::selftest()), which a kernel calls once at boot, so that a linker
/// script which lost the table shows itself there and not at the first bad pointer. The linker fragment finds the same at
/// link time.
///
/// # Errors
///
/// The first defect found.
pub fn selftest() -> Result<(), TableError> {
    section()?;
    let table = Table::image();
    let sentinel = (&raw const arch::raw::SENTINEL).addr();
    let expected = (&raw const arch::raw::SENTINEL_LANDING).addr();
    match table.lookup(sentinel, None, FaultKind::Unknown) {
        Some(landing) if landing.pc() == expected => table.check(None),
        _ => Err(TableError::SentinelLost),
    }
}

impl Table<'static> {
    /// The table of the image that this crate is linked into.
    pub fn image() -> Self {
        // A lost table finds nothing; `selftest` says so.
        let entries = section().unwrap_or_default();
        Table::new(entries, is_ascending(entries))
    }
}

/// What lies between the linker's two symbols.
#[inline]
fn section() -> Result<&'static [Entry], TableError> {
    // SAFETY: the linker put both symbols around one read-only section, and only this crate's macros put entries
    // into it.
    unsafe { entries_between((&raw const START).cast(), (&raw const STOP).cast()) }
}

#[inline]
fn is_ascending(entries: &[Entry]) -> bool {
    match ORDER.load(Ordering::Relaxed) {
        ORDER_UNKNOWN => find_order(entries),
        order => order == ORDER_ASCENDING,
    }
}

#[cold]
#[inline(never)]
fn find_order(entries: &[Entry]) -> bool {
    let ascending = keeps_sentinel() && first_unsorted(entries).is_none();
    let order = if ascending { ORDER_ASCENDING } else { ORDER_NONE };
    ORDER.store(order, Ordering::Relaxed);
    ascending
}

/// True; and the reference keeps the sentinel, hence the section and its two symbols, in images that
/// use no routine.
fn keeps_sentinel() -> bool {
    core::hint::black_box(&raw const arch::raw::SENTINEL).addr() != 0
}
