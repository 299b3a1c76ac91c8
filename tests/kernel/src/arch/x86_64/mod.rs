// SPDX-License-Identifier: MIT OR Apache-2.0
//! x86_64: booted through Multiboot 1.

use core::arch::asm;

use axptr::FaultKind;

use super::OutOfReach;

pub mod access;
pub mod byte_loop;
pub mod cases;
pub mod counter;
pub mod frame;
pub mod own;
#[cfg(feature = "vector-registers")]
pub mod vectors;
pub mod window;

mod features;
mod gates;
mod keys;
#[cfg(feature = "vector-registers")]
mod steps;
mod witness;

pub use crate::line::Pte;
pub use features::Features;

/// Levels of page tables (SDM vol. 3, 4.5).
pub const PAGE_TABLE_LEVELS: u32 = 4;

pub const LAZY_KERNEL_ADDR: usize = 0xffff_9000_0000_0000;

/// Non-canonical addresses (SDM vol. 1, 3.3.7.1): #GP, which tells no address.
pub const OUT_OF_REACH: OutOfReach = OutOfReach {
    addrs: [1 << 47, 0x1234_5678_9abc_def0, 0xffff_7fff_ffff_0000],
    kind: FaultKind::NonCanonical,
    has_a_class: true,
    may_be_tried_again: false,
};

/// Kernel code reaches them like any page of its own.
pub const REACHES_PRIVATE_PAGES: bool = true;

fn cr4() -> usize {
    let cr4;
    // SAFETY: reads a register.
    unsafe { asm!("mov {}, cr4", out(reg) cr4, options(nomem, nostack, preserves_flags)) };
    cr4
}

/// Sets CR4.
///
/// # Safety
///
/// All bits are defined on this CPU, and the kernel can go on with them.
unsafe fn set_cr4(cr4: usize) {
    // SAFETY: the caller vouches for the value.
    unsafe { asm!("mov cr4, {}", in(reg) cr4, options(nostack, preserves_flags)) };
}

/// Nothing: stores are seen by fetches behind a jump (SDM vol. 3, 9.1.3).
pub fn publish_code(_start: usize, _len: usize) {}
