// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the commands find on this machine, and how they get what it lacks: packages, toolchains, emulators, linkers.

pub mod apt;
mod backports;
pub mod cache;
pub mod command;
mod crates;
pub mod cross;
mod gcc;
pub mod need;
mod qemu;
pub mod setup;
pub mod toolchain;
pub mod zig;
