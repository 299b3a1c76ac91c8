// SPDX-License-Identifier: MIT OR Apache-2.0
//! The exception table: where execution goes on after an instruction has faulted.
//!
//! The table is a linker section, and the linker sorts it. A lookup is a binary search in constant memory: no lock, no
//! allocation, no initialisation. So it may run before any other code, on several CPUs at once, and in NMI context.
//!
//! # Examples
//!
//! ```
//! use axptr::{
//!     FaultKind,
//!     extable::{self, Table, TableError},
//! };
//!
//! // Once at boot: the linker has kept and sorted the table.
//! extable::selftest()?;
//!
//! // In a trap handler: where does execution go on after a fault at `pc`?
//! let table = Table::image();
//! let entry = table.entries().iter().find(|entry| entry.accepts(None)).unwrap();
//! let pc = entry.insn();
//! let landing = extable::lookup(pc, None, FaultKind::NotPresent).unwrap();
//! assert_eq!(landing.pc(), entry.landing());
//! assert_ne!(landing.cause(), 0);
//!
//! // No instruction of this crate is at 0: such a fault is for the rest of the handler.
//! assert!(table.find(pc).is_some());
//! assert!(table.find(0).is_none());
//! assert!(extable::lookup(0, None, FaultKind::NotPresent).is_none());
//!
//! // A loaded module brings its own section. Here the image's section stands for it.
//! let section = table.entries().as_ptr_range();
//! // SAFETY: (1), (2) the section of this image is constant, and never moves.
//! let module = unsafe { Table::from_raw(section.start, section.end) }?;
//! module.check(None)?;
//! assert!(module.find(pc).is_some());
//! // SAFETY: (1), (2) nothing lies between an address and itself.
//! let nothing = unsafe { Table::from_raw(section.start, section.start) };
//! assert_eq!(nothing.err(), Some(TableError::Empty));
//! # Ok::<(), TableError>(())
//! ```
//!
//! # Linkers
//!
//! The linker places each entry in the order of its code (`SHF_LINK_ORDER`), and the code refers to its entry:
//!
//! | linker | what it does |
//! |---|---|
//! | rust-lld, lld, GNU ld, gold, mold | keep the table whole and sorted, with `--gc-sections`, any kind of LTO, coverage and `--icf=all`. They do not fold functions with entries |
//! | gold, mold, wild | do not accept the linker fragment, and do not need it |
//! | wild; `mold -r` before the last link; BOLT after it | keep the entries and lose their order |
//!
//! If the order is lost, [`selftest`] returns [`Unsorted`](TableError::Unsorted), and lookups are linear: slower, never
//! wrong. A kernel that must boot with such a linker treats that one error as a warning. Equal neighbours are in order;
//! a linker may leave them when it folds functions. Two neighbours that contradict each other are a
//! [`Conflict`](TableError::Conflict).

#[cfg(axptr_ax_cpu)]
mod ax_cpu;
pub(crate) mod cause;
pub(crate) mod entry;
pub(crate) mod image;
mod macros;
pub(crate) mod table;

pub use entry::Entry;
pub use image::{lookup, selftest};
pub use table::{Landing, Table, TableError};
