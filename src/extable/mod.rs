// SPDX-License-Identifier: MIT OR Apache-2.0
//! The exception table: where execution goes on after an instruction has faulted.
//!
//! The table is a linker section, sorted by the linker. A lookup is a binary search over constant
//! memory: no lock, no allocation, no initialisation, so it may run before anything else does, on
//! several CPUs at once, and in NMI context.
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

mod entry;
mod image;
mod macros;
mod table;

pub use entry::Entry;
pub use image::{lookup, selftest};
pub use table::{Landing, Table, TableError};
