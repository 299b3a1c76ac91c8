// SPDX-License-Identifier: MIT OR Apache-2.0
//! The exception table of this image: the binary that this crate is linked into.

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
    // The linker defines both symbols, because the section's name is a C identifier. Their type is not `Entry`: if the
    // section is lost, the two may be equal, and if it is torn, misaligned. The compiler could assume that neither
    // happens to an `Entry`.
    #[link_name = "__start_axptr_ex_table"]
    static START: [u8; 0];
    #[link_name = "__stop_axptr_ex_table"]
    static STOP: [u8; 0];
}

/// Whether the table is in order. The first lookup finds out; several CPUs may do so at once.
static ORDER: AtomicU8 = AtomicU8::new(ORDER_UNKNOWN);
const ORDER_UNKNOWN: u8 = 0;
const ORDER_ASCENDING: u8 = 1;
const ORDER_NONE: u8 = 2;

/// Finds the landing for a fault at `pc` in this image's table.
///
/// See [`Table::lookup`]. It needs no initialisation. If a linker left the table unsorted, the search is linear:
/// slower, never wrong.
#[inline]
pub fn lookup(pc: usize, access: Option<Access>, kind: FaultKind) -> Option<Landing> {
    Table::image().lookup(pc, access, kind)
}

/// Checks this image's table: it is not empty, holds whole entries in ascending order, no two entries contradict each
/// other, and the sentinel is in its place.
///
/// [`axptr::selftest`](crate::selftest()) includes this check; a kernel calls that once at boot. So a linker script
/// that lost the table shows itself at boot, not at the first bad pointer. The linker fragment finds the same defects
/// at link time.
///
/// # Errors
///
/// The first defect that it finds.
// One copy: `axptr::selftest` calls it, too.
#[inline(never)]
pub fn selftest() -> Result<(), TableError> {
    section()?;
    let table = Table::image();
    let sentinel = (&raw const arch::raw::SENTINEL).addr();
    let expected = (&raw const arch::raw::SENTINEL_LANDING).addr();
    match table.lookup(sentinel, None, FaultKind::Unknown) {
        Some(landing) if landing.pc() == expected => table.check(None)?,
        _ => return Err(TableError::SentinelLost),
    }
    #[cfg(axptr_ax_cpu)]
    super::ax_cpu::check(&table)?;
    Ok(())
}

impl Table<'static> {
    /// The table of this image: the binary that this crate is linked into.
    pub fn image() -> Self {
        // If the table is lost, lookups find nothing, and `selftest` reports it.
        let entries = section().unwrap_or_default();
        Table::new(entries, is_ascending(entries))
    }
}

/// The entries between the linker's two symbols.
#[inline]
fn section() -> Result<&'static [Entry], TableError> {
    // SAFETY: (1) the linker put both symbols around one read-only section. (2) Only this crate's macros put entries
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

/// Always true. The call refers to the sentinel, so the linker keeps the section and its two symbols in images that use
/// no routine.
fn keeps_sentinel() -> bool {
    core::hint::black_box(&raw const arch::raw::SENTINEL).addr() != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each lookup would search all entries.
    #[test]
    fn the_order_is_looked_for_once() {
        _ = Table::image();
        let order = ORDER.load(Ordering::Relaxed);
        assert!(order != ORDER_UNKNOWN, "after a lookup it is {order}");
        assert!(Table::image().find(0).is_none());
        assert_eq!(ORDER.load(Ordering::Relaxed), order);
    }
}
