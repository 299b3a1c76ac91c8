// SPDX-License-Identifier: MIT OR Apache-2.0
//! What asks the exception table after a fault, and what a kernel sets up once for that.

pub(crate) mod flag;
pub(crate) mod limit;
pub(crate) mod selftest;
pub mod trap;

#[cfg(target_os = "linux")]
pub mod hosted;
#[cfg(any(test, all(feature = "vector", target_os = "none")))]
mod syndrome;
#[cfg(all(feature = "vector", target_os = "none"))]
pub mod vector;
#[cfg(target_os = "none")]
pub mod window;
