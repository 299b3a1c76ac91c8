// SPDX-License-Identifier: MIT OR Apache-2.0
//! The hosted backend in real processes: what is ours is recovered, everything else means what it meant before.
//!
//! Signal handlers belong to the process, so each scene runs in a child: this binary again, with one test selected
//! (`child.rs`). What a scene claims about the way a process ends, the parent checks.

#![cfg(target_os = "linux")]

mod child;
mod handlers;
#[cfg_attr(target_arch = "x86_64", path = "machine/x86_64.rs")]
#[cfg_attr(target_arch = "aarch64", path = "machine/aarch64.rs")]
#[cfg_attr(target_arch = "riscv64", path = "machine/riscv64.rs")]
#[cfg_attr(target_arch = "loongarch64", path = "machine/loongarch64.rs")]
mod machine;
mod memory;
#[expect(dead_code, reason = "the sweep needs more of it")]
#[path = "../support/registers/mod.rs"]
mod registers;

mod chaining;
mod dying;
mod installing;
mod recovering;
mod sent;
mod storm;
