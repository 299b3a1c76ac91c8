// SPDX-License-Identifier: MIT OR Apache-2.0
//! The exception table: where execution goes on after an instruction has faulted.
//!
//! The table is a linker section, sorted by the linker. A lookup is a binary search over constant
//! memory: no lock, no allocation, no initialisation, so it may run before anything else does, on
//! several CPUs at once, and in NMI context.
//!
//! # Linkers
//!
//! Each entry follows its code (`SHF_LINK_ORDER`), and its code refers to it:
//!
//! | linker | |
//! |---|---|
//! | rust-lld, lld, GNU ld, gold, mold | the table is whole and sorted, with `--gc-sections`, any kind of LTO, coverage and `--icf=all`. Functions with entries are not folded |
//! | gold, mold, wild | do not take the linker fragment, and need none |
//! | wild; `mold -r` in front of a last link; BOLT behind it | keep the entries and lose their order |
//!
//! Where the order is lost, [`selftest`] says [`Unsorted`](TableError::Unsorted), and lookups go from end to end: slower,
//! never wrong. A kernel that is to boot so treats that one error as a warning. Equal neighbours, such as a linker leaves
//! that folds functions all the same, are in order; two that contradict each other are a
//! [`Conflict`](TableError::Conflict).
//!
//! ```
//! # unsafe { axptr::hosted::install() }.unwrap();
//! # let page = unsafe { libc::mmap(core::ptr::null_mut(), 8192, 3, 0x22, -1, 0) }.addr();
//! # unsafe { libc::munmap(core::ptr::without_provenance_mut(page + 4096), 4096) };
//! use axptr::{FaultKind, extable::{self, Table, TableError}};
//!
//! extable::selftest()?; // once at boot
//! let table = Table::image();
//! let entry = &table.entries()[0];
//! let landing = extable::lookup(entry.insn(), None, FaultKind::NotPresent);
//! assert!(landing.is_none_or(|landing| landing.pc() == entry.landing() && landing.cause() != 0));
//! assert!(table.find(entry.insn()).is_some() && table.find(0).is_none());
//! table.check(None)?;
//!
//! // SAFETY: (1), (2) nothing lies between an address and itself.
//! let nothing = unsafe { Table::from_raw(entry, entry) };
//! assert_eq!(nothing.err(), Some(TableError::Empty));
//! # Ok::<(), TableError>(())
//! ```

pub(crate) mod cause;
pub(crate) mod entry;
pub(crate) mod image;
mod macros;
pub(crate) mod table;

pub use entry::Entry;
pub use image::{lookup, selftest};
pub use table::{Landing, Table, TableError};
