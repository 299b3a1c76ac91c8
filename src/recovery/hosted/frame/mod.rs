// SPDX-License-Identifier: MIT OR Apache-2.0
//! The signal frame of each machine.

crate::arch::machine_file!(as machine);

pub(super) use machine::{CONTEXT_ABOVE_STACK, Frame, entry};

// For `cargo fmt`, which follows declarations and looks into no macro.
#[cfg(any())]
mod aarch64;
#[cfg(any())]
mod loongarch64;
#[cfg(any())]
mod riscv64;
#[cfg(any())]
mod x86_64;
