// SPDX-License-Identifier: MIT OR Apache-2.0
//! What must hold wherever axptr runs, as data: [`CASES`] and [`sweep`].
//!
//! A place to run in is a [`Site`]: a Linux process, or a kernel. It maps real pages and counts real traps; what
//! to expect is computed here, byte by byte, from the kinds of the pages alone.

#![no_std]

extern crate alloc;

mod ensure;
mod machine;

mod site;

mod area;
mod op;
mod oracle;

mod check;
mod expect;
mod forms;

mod cases;
mod table;

mod bounds;
mod large;
mod small;
mod sweep;

pub use bounds::Bounds;

pub use large::sweep_large_fills;
pub use site::{Handler, PAGE, PageKind, Site};
pub use small::{sweep_small, sweep_strings};
pub use sweep::{Report, sweep};
pub use table::{CASES, Case};
