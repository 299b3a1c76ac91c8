// SPDX-License-Identifier: MIT OR Apache-2.0
//! What asks the exception table after a fault, and what a kernel sets up once for that.

pub(crate) mod flag;
mod handler_error;
pub(crate) mod limit;
mod rehearsal;
mod repeats;
pub(crate) mod selftest;
mod syndrome;
pub(crate) mod tag;
pub mod trap;

// The documentation for a process shows what a kernel has, too.
#[cfg(axptr_home = "process")]
pub mod hosted;
#[cfg(all(feature = "vector", any(axptr_home = "kernel", doc)))]
pub mod vector;
#[cfg(any(axptr_home = "kernel", doc))]
pub mod window;
