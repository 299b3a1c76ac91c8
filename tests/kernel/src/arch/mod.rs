// SPDX-License-Identifier: MIT OR Apache-2.0
//! All that this kernel itself knows of a machine.
//!
//! Each machine has these, under the same names:
//!
//! - `command_line`, `LAZY_KERNEL_ADDR`, `UNMAPPED_KERNEL_ADDR`, and `OUT_OF_REACH`: addresses that no page
//!   table can map.
//! - `Features`: what the CPU can do, beyond what every CPU can.
//! - `traps`: a counter of its own in front of all fault handlers.
//! - `access`: instructions that may fault, without an exception-table entry and with one, and what axcpu
//!   says where nobody handles it.
//! - `window`: the state that keeps kernel code away from user memory.
//! - `keys`: protection keys.
//! - `pte`: page-table entries, edited without the kernel's help.

#[cfg(target_arch = "x86_64")]
mod x86_64;
#[cfg(target_arch = "x86_64")]
pub use x86_64::*;

#[cfg(target_arch = "aarch64")]
mod aarch64;
#[cfg(target_arch = "aarch64")]
pub use aarch64::*;

#[cfg(target_arch = "riscv64")]
mod riscv64;
#[cfg(target_arch = "riscv64")]
pub use riscv64::*;

#[cfg(target_arch = "loongarch64")]
mod loongarch64;
#[cfg(target_arch = "loongarch64")]
pub use loongarch64::*;
