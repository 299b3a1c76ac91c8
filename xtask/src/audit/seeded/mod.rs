// SPDX-License-Identifier: MIT OR Apache-2.0
//! Defects put into a program on purpose, in memory: the proofs must name each of them, where it is.

mod change;
mod inlined;
pub mod landing;
mod length;
mod limit;
pub mod outcome;
mod routine;
pub mod run;
