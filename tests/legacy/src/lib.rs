// SPDX-License-Identifier: MIT OR Apache-2.0
//! A kernel's code as the users of the earlier axptr wrote it, and what it must come to.
//!
//! [`task`] and [`calls`] are that code: they use the four names that the earlier axptr exported, its methods,
//! and types without any bound. [`CASES`] run it on a real address space.
//!
//! References into user memory fault under SMAP, then as now: run the cases with user memory open to the kernel.

#![no_std]
#![expect(deprecated, reason = "the earlier surface is what this crate is about")]

extern crate alloc;

pub mod calls;
mod cases;
pub mod task;

pub use cases::{CASES, Case};
pub use task::{Task, handle_page_fault};
