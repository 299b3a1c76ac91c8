// SPDX-License-Identifier: MIT OR Apache-2.0
//! aarch64: kernel code at EL1, 48-bit addresses.

use axptr::FaultKind;

use super::OutOfReach;

pub mod access;
pub mod byte_loop;
pub mod cases;
pub mod counter;
pub mod frame;
pub mod own;
pub mod own_rights;
pub mod registers;
pub mod window;

mod features;
#[cfg(feature = "untag")]
mod top_byte;
mod vectors;

pub use crate::line::Pte;
pub use features::Features;

/// Levels of page tables (Arm ARM D8.2, 4 KiB granule).
pub const PAGE_TABLE_LEVELS: u32 = 4;

pub const LAZY_KERNEL_ADDR: usize = 0xffff_9000_0000_0000;

/// Between the two ranges of addresses (Arm ARM D8.1): a translation fault of level 0, which names the
/// address.
pub const OUT_OF_REACH: OutOfReach = OutOfReach {
    addrs: [1 << 48, 0x1234_5678_9abc_def0, 0xfffe_ffff_ffff_0000],
    kind: FaultKind::NonCanonical,
    has_a_class: false,
    may_be_tried_again: true,
};

/// Unprivileged accesses do not reach them.
pub const REACHES_PRIVATE_PAGES: bool = false;

/// Makes stores visible to fetches (Arm ARM B2.4.4).
pub fn publish_code(start: usize, len: usize) {
    /// No cache has shorter lines.
    const LINE: usize = 16;
    for line in (start..start + len).step_by(LINE) {
        // SAFETY: cleans the data cache's line.
        unsafe { core::arch::asm!("dc cvau, {}", in(reg) line, options(nostack)) };
    }
    // SAFETY: empties the instruction cache, between barriers.
    unsafe { core::arch::asm!("dsb ish", "ic ialluis", "dsb ish", "isb", options(nostack)) };
}
