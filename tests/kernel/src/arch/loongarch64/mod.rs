// SPDX-License-Identifier: MIT OR Apache-2.0
//! loongarch64: booted as a flat image, with direct-map windows: one on the earlier line, three on the living one.

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
mod tlb;

pub use crate::line::Pte;
pub use features::Features;

/// Levels of page tables, as axcpu's refill handler walks them.
pub const PAGE_TABLE_LEVELS: u32 = 4;

pub const LAZY_KERNEL_ADDR: usize = 0xffff_9000_0000_0000;

/// Addresses that are no sign extension of 48 bits and in no direct-map window (Reference Manual vol. 1,
/// chapter 5): an address error, which names the address.
///
/// Bit 47 alone is none of them: QEMU takes 2^47 for the kernel half's beginning.
pub const OUT_OF_REACH: OutOfReach = OutOfReach {
    addrs: [1 << 48, 0x1234_5678_9abc_def0, 0xfffe_7fff_ffff_0000],
    kind: FaultKind::NonCanonical,
    has_a_class: true,
    may_be_tried_again: true,
};

/// Kernel code reaches them like any page of its own.
pub const REACHES_PRIVATE_PAGES: bool = true;

/// Makes stores visible to fetches (Reference Manual vol. 1, 2.2.8, IBAR).
pub fn publish_code(_start: usize, _len: usize) {
    // SAFETY: a barrier.
    unsafe { core::arch::asm!("ibar 0", options(nostack)) };
}
