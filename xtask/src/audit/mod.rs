// SPDX-License-Identifier: MIT OR Apache-2.0
//! `cargo xtask audit`: reads linked programs, and proves of each routine, each entry of the exception table
//! and each call what the tests can only try.

mod command;
pub mod decode;
mod follow;
mod learn;
pub mod linked;
mod programs;
mod proofs;
mod seeded;

pub use self::command::run;
