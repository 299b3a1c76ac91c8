// SPDX-License-Identifier: MIT OR Apache-2.0
//! x86_64: booted through Multiboot 1.

use core::arch::asm;

pub mod access;
pub mod keys;
pub mod pte;
pub mod traps;
pub mod window;

mod boot;
mod features;

pub use boot::command_line;
pub use features::Features;

/// In the kernel half; [`space`](crate::space) maps lazy pages there.
pub const LAZY_KERNEL_ADDR: usize = 0xffff_9000_0000_0000;

/// Canonical, in the kernel half, and in nobody's map.
pub const UNMAPPED_KERNEL_ADDR: usize = 0xffff_9100_0000_0000;

/// Addresses that no page table can map (SDM vol. 1, 3.3.7.1): the first of them, one in the middle, the last
/// but a few pages.
pub const OUT_OF_REACH: [usize; 3] = [1 << 47, 0x1234_5678_9abc_def0, 0xffff_7fff_ffff_0000];

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
