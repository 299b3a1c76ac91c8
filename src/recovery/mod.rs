// SPDX-License-Identifier: MIT OR Apache-2.0
//! What asks the exception table after a fault, and what a kernel sets up once for that.

pub(crate) mod flag;
pub(crate) mod limit;
pub(crate) mod selftest;
mod syndrome;
pub mod trap;

// The documentation for a process shows what a kernel has, too.
#[cfg(target_os = "linux")]
pub mod hosted;
#[cfg(all(feature = "vector", any(target_os = "none", doc)))]
pub mod vector;
#[cfg(any(target_os = "none", doc))]
pub mod window;
