// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the machine's fault code tells about an access. The vectors use it; its tests also run in a process.

crate::arch::machine_file!();

// For `cargo fmt`, which follows declarations and looks into no macro.
#[cfg(any())]
mod aarch64;
#[cfg(any())]
mod loongarch64;
#[cfg(any())]
mod riscv64;
#[cfg(any())]
mod x86_64;
