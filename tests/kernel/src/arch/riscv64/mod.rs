// SPDX-License-Identifier: MIT OR Apache-2.0
//! riscv64: booted as a flat image behind OpenSBI, with Sv39 page tables.

use axptr::FaultKind;

use super::OutOfReach;

pub mod access;
pub mod byte_loop;
pub mod cases;
pub mod counter;
pub mod frame;
pub mod own;
pub mod registers;
pub mod window;

mod entry;
mod features;

pub use crate::line::Pte;
pub use features::Features;

/// Levels of page tables (Privileged ISA, "Sv39").
pub const PAGE_TABLE_LEVELS: u32 = 3;

pub const LAZY_KERNEL_ADDR: usize = 0xffff_ffd0_0000_0000;

/// Addresses that are no sign extension of 39 bits: a page fault like any other, which names the address.
pub const OUT_OF_REACH: OutOfReach = OutOfReach {
    addrs: [1 << 38, 0x1234_5678_9abc_def0, 0xffff_ffbf_ffff_0000],
    kind: FaultKind::NonCanonical,
    has_a_class: false,
    // The routines' accesses are aligned: the first one's landing knows that nothing lies before it.
    may_be_tried_again: false,
};

/// Kernel code reaches them like any page of its own.
pub const REACHES_PRIVATE_PAGES: bool = true;

/// Makes stores visible to fetches (Zifencei).
pub fn publish_code(_start: usize, _len: usize) {
    // SAFETY: a barrier.
    unsafe {
        core::arch::asm!(
            ".option push",
            ".option arch, +zifencei",
            "fence.i",
            ".option pop",
            options(nostack)
        )
    };
}
