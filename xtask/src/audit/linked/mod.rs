// SPDX-License-Identifier: MIT OR Apache-2.0
//! The linked program: its bytes, names, exception table and lines, and its code as instructions.

pub mod assembly;
pub mod binary;
pub mod entry;
pub mod image;
pub mod lines;
pub mod names;
