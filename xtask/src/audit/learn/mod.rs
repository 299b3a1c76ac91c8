// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is learnt of a program before anything is proved: which registers helpers change, and what never returns.

mod helper;
mod never;
pub mod open;
