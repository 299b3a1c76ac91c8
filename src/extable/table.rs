// SPDX-License-Identifier: MIT OR Apache-2.0
//! An exception table as a value: this image's, or a loaded module's.

use core::{fmt, slice};

use super::entry::{ENTRY_SIZE, Entry};
use crate::extable::cause::{Access, Cause, FaultKind};

/// An exception table: its entries, and whether they are sorted.
#[derive(Clone, Copy, Debug)]
pub struct Table<'a> {
    entries: &'a [Entry],
    sorted: bool,
}

/// What is wrong with a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TableError {
    /// There is no entry at all: the linker script dropped the section.
    Empty,
    /// The section does not consist of whole, aligned entries.
    Torn,
    /// Two neighbours are in descending order. Lookups still work, in linear time.
    Unsorted {
        /// The index of the second of the two.
        index: usize,
    },
    /// Two neighbours are for one instruction and contradict each other. A lookup finds one of them.
    ///
    /// This happens if a linker folds functions whose code is equal and whose entries are not (`--icf=all`).
    Conflict {
        /// The index of the second of the two.
        index: usize,
    },
    /// The sentinel is not in the table, or its landing is wrong.
    SentinelLost,
    /// The instruction or the landing of an entry lies outside the given text.
    OutsideText {
        /// The index of the entry.
        index: usize,
    },
    /// An entry does not stand in ax-cpu's table, which the feature `ax-cpu` relies on: the linker script dropped the
    /// section `__ex_table` or `__nofault_ex_table`, or padded it, or its symbols do not stand around it.
    NotInAxCpu {
        /// The index of the entry.
        index: usize,
    },
}

impl fmt::Display for TableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the exception table is empty"),
            Self::Torn => f.write_str("the exception table does not hold whole entries"),
            Self::Unsorted { index } => write!(f, "exception table entry {index} is out of order"),
            Self::Conflict { index } => {
                write!(
                    f,
                    "exception table entry {index} contradicts the one before about the same instruction"
                )
            }
            Self::SentinelLost => f.write_str("the exception table lacks the sentinel"),
            Self::OutsideText { index } => {
                write!(f, "exception table entry {index} points out of the text")
            }
            Self::NotInAxCpu { index } => write!(
                f,
                "exception table entry {index} is not in ax-cpu's table: the linker script must keep `__ex_table` between \
                 `_ex_table_start` and `_ex_table_end`, and `__nofault_ex_table` between `_nofault_ex_table_start` and \
                 `_nofault_ex_table_end`"
            ),
        }
    }
}

impl core::error::Error for TableError {}

/// Where execution goes on after a fault, and the cause to report there.
#[derive(Clone, Copy, PartialEq, Eq)]
#[must_use = "a landing does nothing until the trap frame is changed"]
pub struct Landing {
    pc: usize,
    cause: usize,
}

impl Landing {
    /// The name of the register for [`cause`](Self::cause).
    pub const REGISTER: &'static str = crate::arch::CAUSE_REGISTER;

    /// The program counter at which to resume.
    #[inline]
    pub const fn pc(&self) -> usize {
        self.pc
    }

    /// The cause: the value for the register [`REGISTER`](Self::REGISTER), never 0.
    ///
    /// A trap handler that cannot set the register may leave it unchanged. The count stays exact, and the fault reports
    /// [`FaultKind::Unknown`].
    #[inline]
    pub const fn cause(&self) -> usize {
        self.cause
    }
}

impl fmt::Debug for Landing {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Landing")
            .field("pc", &format_args!("{:#x}", self.pc))
            .field("cause", &format_args!("{:#x}", self.cause))
            .finish()
    }
}

impl<'a> Table<'a> {
    pub(super) const fn new(entries: &'a [Entry], sorted: bool) -> Self {
        Self { entries, sorted }
    }

    /// Uses the memory between two addresses as a table, such as the section of a loaded module.
    ///
    /// # Errors
    ///
    /// [`TableError::Empty`] or [`TableError::Torn`] if the memory holds no table. An unsorted table is accepted and
    /// searched in linear time; [`check`](Self::check) reports it.
    ///
    /// # Safety
    ///
    /// 1. `start..stop` is readable for `'a` and does not change.
    /// 2. It holds entries that this crate's macros emitted. They were relocated together with the code that they point
    ///    to. That code stays in place for `'a`.
    pub unsafe fn from_raw(start: *const Entry, stop: *const Entry) -> Result<Self, TableError> {
        // SAFETY: our caller guarantees (1) and (2).
        let entries = unsafe { entries_between(start, stop) }?;
        Ok(Self::new(entries, first_unsorted(entries).is_none()))
    }

    /// The entries, in the order of the section.
    pub const fn entries(&self) -> &'a [Entry] {
        self.entries
    }

    /// Finds the entry of the instruction at `pc`.
    #[inline]
    pub fn find(&self, pc: usize) -> Option<&'a Entry> {
        if self.sorted {
            find_sorted(self.entries, pc)
        } else {
            // Of equal entries the last, like the binary search.
            self.entries.iter().rfind(|entry| entry.insn() == pc)
        }
    }

    /// Finds the landing for a fault at `pc`, if the fault was on the user side.
    ///
    /// `access` is the access that the machine reported, or `None` if it did not report one. Without it, an instruction
    /// that also accesses kernel memory has no landing. [`trap::recover`](crate::trap::recover) then decides by the
    /// operands of the instruction.
    #[inline(never)]
    pub fn lookup(&self, pc: usize, access: Option<Access>, kind: FaultKind) -> Option<Landing> {
        let entry = self.find(pc)?;
        if !entry.accepts(access) {
            return None;
        }
        let cause = Cause::new(access.or(entry.only_access()), kind);
        Some(Landing { pc: entry.landing(), cause: cause.to_register() })
    }

    /// Checks that the table is in ascending order. If `text` is given, also checks that every entry points into it.
    ///
    /// Equal neighbours are in order: a linker that folds identical functions keeps the entries of each.
    ///
    /// # Errors
    ///
    /// The first defect that it finds.
    #[inline(never)]
    pub fn check(&self, text: Option<core::ops::Range<usize>>) -> Result<(), TableError> {
        if self.entries.is_empty() {
            return Err(TableError::Empty);
        }
        if let Some(index) = first_unsorted(self.entries) {
            return Err(TableError::Unsorted { index });
        }
        if let Some(index) = first_conflict(self.entries) {
            return Err(TableError::Conflict { index });
        }
        let Some(text) = text else { return Ok(()) };
        let outside = |entry: &Entry| !text.contains(&entry.insn()) || !text.contains(&entry.landing());
        match self.entries.iter().position(outside) {
            Some(index) => Err(TableError::OutsideText { index }),
            None => Ok(()),
        }
    }
}

/// The entries between two addresses.
///
/// # Safety
///
/// As [`Table::from_raw`].
#[inline]
pub(super) unsafe fn entries_between<'a>(
    start: *const Entry,
    stop: *const Entry,
) -> Result<&'a [Entry], TableError> {
    let Some(bytes) = stop.addr().checked_sub(start.addr()) else {
        return Err(TableError::Torn);
    };
    if bytes == 0 {
        return Err(TableError::Empty);
    }
    if !bytes.is_multiple_of(ENTRY_SIZE) || !start.is_aligned() || start.is_null() {
        return Err(TableError::Torn);
    }
    // SAFETY: (1) makes the memory readable and constant. The lines above prove that it holds whole, aligned entries.
    Ok(unsafe { slice::from_raw_parts(start, bytes / ENTRY_SIZE) })
}

/// The index of the first entry that lies below its predecessor.
#[inline]
pub(super) fn first_unsorted(entries: &[Entry]) -> Option<usize> {
    let descends = |pair: &[Entry]| pair[0].insn() > pair[1].insn();
    entries.windows(2).position(descends).map(|before| before + 1)
}

/// The index of the first entry that contradicts its predecessor about the same instruction.
fn first_conflict(entries: &[Entry]) -> Option<usize> {
    let contradicts =
        |pair: &[Entry]| pair[0].insn() == pair[1].insn() && !pair[0].says_the_same_as(&pair[1]);
    entries.windows(2).position(contradicts).map(|before| before + 1)
}

/// Binary search without a branch that depends on the data: each step halves what is left. Of equal entries it finds
/// the last.
fn find_sorted(entries: &[Entry], pc: usize) -> Option<&Entry> {
    let mut base = 0;
    let mut left = entries.len();
    while left > 1 {
        let half = left / 2;
        let middle = base + half;
        base = if entries[middle].insn() <= pc { middle } else { base };
        left -= half;
    }
    entries.get(base).filter(|entry| entry.insn() == pc)
}
