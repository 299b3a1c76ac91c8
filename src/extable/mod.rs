// SPDX-License-Identifier: MIT OR Apache-2.0
//! The exception table: where execution goes on after an instruction has faulted.
//!
//! The table is a linker section, sorted by the linker. A lookup is a binary search over constant
//! memory: no lock, no allocation, no initialisation, so it may run before anything else does, on
//! several CPUs at once, and in NMI context.

mod entry;
mod image;
mod macros;
mod table;

pub use entry::Entry;
pub use image::{lookup, selftest};
pub use table::{Landing, Table, TableError};
