// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the example kernel needs, and is not of axptr's concern: the way to its `main`, with its `__alltraps` in place;
//! a page table for itself; a console, and power. And the program that it runs.
#![no_std]

mod console;
mod cpu;
mod program;

use core::{
    arch::global_asm,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
};

pub use console::{print, say};
pub use cpu::keep_out_of_user_memory;
pub use program::{counts, end_of_the_program};

/// How many tables an address is looked up in, and its bits: Sv39, Sv48 or Sv57.
pub const LEVELS: usize = if cfg!(feature = "sv57") { 5 } else { 3 + cfg!(feature = "sv48") as usize };
pub const BITS: usize = 12 + 9 * LEVELS;
/// Where physical memory of the machine begins, and where the kernel has physical address 0: with Sv39 it lies where it
/// is loaded, else in the last entry of the root table.
pub const MEMORY: usize = 0x8000_0000;
pub const KERNEL: usize = if BITS == 39 { 0 } else { usize::MAX << (BITS - 9) };

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
        let physical = (&raw const *page).addr() - KERNEL;
        self.0[index].store(physical >> 2 | flags, Relaxed);
    }
}

/// The root table. One entry maps the kernel's memory: dirty, accessed, global, executable, writable, readable, valid.
pub static ROOT: Page = {
    let shift = BITS - 9;
    let mut root = Page::zeros();
    root.0[(KERNEL + MEMORY) >> shift & 511] = AtomicUsize::new(MEMORY >> shift << shift >> 2 | 0b_1110_1111);
    root
};

global_asm!(include_str!("boot.S"), kernel = const KERNEL, root = sym ROOT, mode = const LEVELS + 5);
