// SPDX-License-Identifier: MIT OR Apache-2.0
//! The hosted backend in real processes: what is ours is recovered, everything else means what it meant before.
//!
//! Signal handlers belong to the process, so each scene runs in a child: this binary again, with one test selected
//! (`child.rs`). What a scene claims about the way a process ends, the parent checks.

#![cfg(target_os = "linux")]

mod child;
mod handlers;
mod machine;
mod memory;
#[expect(dead_code, reason = "the sweep needs more of it")]
#[path = "../support/registers/mod.rs"]
mod registers;

mod again;
mod chaining;
mod dying;
mod installing;
mod recovering;
mod sent;
mod storm;
