// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the example kernel needs, and is not of axptr's concern: the way to its `main`, with its `vectors` in place; a
//! page table for itself; a console, and power. And the program that it runs.
#![no_std]

mod console;
mod cpu;
mod program;

use core::{
    arch::{asm, global_asm},
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
};

use aarch64_cpu::registers::{ReadWriteable, TCR_EL1, TTBR0_EL1, Writeable};

pub use console::{power_off, print, say};
pub use cpu::keep_out_of_user_memory;
pub use program::{counts, end_of_the_program};

/// The bits of a user address, and how many tables it is looked up in.
pub const BITS: usize = if cfg!(feature = "lva") { 52 } else { 48 };
pub const LEVELS: usize = (BITS - 12).div_ceil(9);
/// Where the kernel has physical address 0.
pub const KERNEL: usize = usize::MAX << 39;
/// TCR_EL1 at boot: 39 bits in both halves, pages of 4 KiB, page tables cached; for 52 bits the format of LPA2.
const TCR: usize = 0xb519_3519 | if BITS == 52 { 1 << 59 } else { 0 };
/// HCR_EL2 at boot in EL2: E2H, TGE, and RW.
const HCR: usize = 1 << 34 | 1 << 27 | 1 << 31;

/// A page of memory, or a table.
#[repr(C, align(4096))]
#[derive(Debug)]
pub struct Page(pub [AtomicUsize; 512]);

impl Page {
    pub const fn zeros() -> Self {
        Self([const { AtomicUsize::new(0) }; 512])
    }

    /// Sets an entry for a page of the kernel's.
    pub fn set(&self, index: usize, page: &Self, flags: usize) {
        self.0[index].store(physical(page) | flags, Relaxed);
    }
}

fn physical(page: &Page) -> usize {
    (&raw const *page).addr() - KERNEL
}

/// Translates user addresses by this table from now on.
pub fn translate_by(root: &Page) {
    TTBR0_EL1.set(physical(root) as u64);
    TCR_EL1.modify(TCR_EL1::T0SZ.val(64 - BITS as u64));
    // SAFETY: forgets what was there for the way up.
    unsafe { asm!("isb", "tlbi vmalle1", "dsb nsh", "isb") };
}

global_asm!(include_str!("boot.S"), kernel = const KERNEL, tcr = const TCR, hcr = const HCR);
