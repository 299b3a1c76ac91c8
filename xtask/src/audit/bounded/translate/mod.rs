// SPDX-License-Identifier: MIT OR Apache-2.0
//! Each machine's instructions in the terms of `micro`: those that the routines have. One that is not known here is
//! an error where it is executed.

pub mod aarch64;
pub mod loongarch64;
pub mod riscv64;
pub mod x86_64;
