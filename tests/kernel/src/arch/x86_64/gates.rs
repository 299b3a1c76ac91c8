// SPDX-License-Identifier: MIT OR Apache-2.0
//! The interrupt gates of this CPU (SDM vol. 3, 6.14.1). axcpu has one table for all CPUs.

use core::arch::asm;

/// General protection: what an untranslatable address raises.
pub const GP: usize = 13;
/// Page fault.
pub const PF: usize = 14;

/// The handler that a gate names.
pub fn handler(vector: usize) -> usize {
    let [low, high] = gate(vector);
    (low & 0xffff | (low >> 32) & 0xffff_0000 | high << 32) as usize
}

/// Makes a gate name another handler.
///
/// # Safety
///
/// The handler takes the fault in the way of the former one; meanwhile nobody takes it.
pub unsafe fn set_handler(vector: usize, handler: usize) {
    let [low, _] = gate(vector);
    let addr = handler as u64;
    let low = low & 0x0000_ffff_ffff_0000 | addr & 0xffff | (addr & 0xffff_0000) << 32;
    // SAFETY: the table is writable; no fault is taken before both halves are there.
    unsafe { place(vector).write([low, addr >> 32]) };
}

/// Gives a gate a stack of the interrupt stack table, or none (0), and returns what it had.
///
/// # Safety
///
/// Meanwhile nobody takes a fault through it, unless the table has that stack.
pub unsafe fn set_stack(vector: usize, stack: u64) -> u64 {
    const STACK: u64 = 7 << 32;
    let [low, high] = gate(vector);
    // SAFETY: the table is writable.
    unsafe { place(vector).write([low & !STACK | stack << 32, high]) };
    (low & STACK) >> 32
}

/// All of a gate.
pub fn gate(vector: usize) -> [u64; 2] {
    // SAFETY: the table is axcpu's, and nobody writes to it now.
    unsafe { place(vector).read() }
}

fn place(vector: usize) -> *mut [u64; 2] {
    let mut register = [0_u8; 10];
    // SAFETY: stores 10 bytes to `register`.
    unsafe { asm!("sidt [{}]", in(reg) &raw mut register, options(nostack, preserves_flags)) };
    let [_, _, base @ ..] = register;
    (usize::from_le_bytes(base) as *mut [u64; 2]).wrapping_add(vector)
}
