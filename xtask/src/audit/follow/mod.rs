// SPDX-License-Identifier: MIT OR Apache-2.0
//! Follows each path through a function, with what is known of the registers on it.
//!
//! States that meet are joined, unless they differ in the window: whether it is open, and how often this path
//! has opened it; a few are kept apart besides, where a proof needs it. So whatever a proof sees at an instruction holds
//! on each path that leads there.

mod evaluate;
mod execute;
mod explore;
mod leave;
mod lengths;
mod limit;
pub mod listing;
mod numbers;
mod origin;
pub mod state;
pub mod value;
pub mod walk;
