// SPDX-License-Identifier: MIT OR Apache-2.0
//! From bytes to what an instruction does: one decoder per machine, all in the same terms.

pub mod aarch64;
pub mod all;
pub mod bits;
pub mod insn;
pub mod isa;
mod loongarch64;
pub mod riscv64;
mod x86_64;
