// SPDX-License-Identifier: MIT OR Apache-2.0
//! Accesses of this kernel's own: without an exception-table entry, and what axcpu says of their faults; and
//! with one, made by the macro for kernels.

use alloc::{format, string::String};
use core::arch::{asm, global_asm};

/// What axcpu says of a page fault at `pc` that nobody handles.
pub fn unhandled_fault(pc: usize, addr: usize) -> String {
    format!("Unhandled PLV0 Page Fault @ {pc:#x}, fault_vaddr=VA:{addr:#x}")
}

/// What axcpu says of an access at `pc` to an address that no page table can map.
pub fn unhandled_out_of_reach(pc: usize, _addr: usize) -> String {
    format!("Unhandled trap Exception(MemoryAccessAddressError) @ {pc:#x}")
}

/// The address of the one instruction in [`store`] that can fault.
pub fn store_pc() -> usize {
    kernel_store as *const () as usize
}

/// The address of the one instruction in [`load`] that can fault.
pub fn load_pc() -> usize {
    kernel_load as *const () as usize
}

/// Stores one byte to `addr`.
///
/// # Safety
///
/// `addr` is valid for a write of one byte.
pub unsafe fn store(addr: usize) {
    // SAFETY: the caller vouches for `addr`.
    unsafe { kernel_store(addr) }
}

/// Loads one byte from `addr`.
///
/// # Safety
///
/// `addr` is valid for a read of one byte.
pub unsafe fn load(addr: usize) -> u8 {
    // SAFETY: the caller vouches for `addr`.
    unsafe { kernel_load(addr) }
}

unsafe extern "C" {
    fn kernel_store(addr: usize);
    fn kernel_load(addr: usize) -> u8;
}

// kernel_store(a0 addr): stores 0; its first instruction is the one that may fault.
// kernel_load(a0 addr) -> a0; its first instruction is the one that may fault.
global_asm!(
    ".pushsection .text.kernel_access, \"ax\", @progbits",
    ".global kernel_store",
    ".type kernel_store, @function",
    "kernel_store:",
    "st.b $zero, $a0, 0",
    "ret",
    ".size kernel_store, . - kernel_store",
    ".global kernel_load",
    ".type kernel_load, @function",
    "kernel_load:",
    "ld.bu $a0, $a0, 0",
    "ret",
    ".size kernel_load, . - kernel_load",
    ".popsection",
);

/// Loads one byte from user address `addr`; `None` if it cannot be read.
#[inline(never)] // One copy, one entry: a case demands that each has faulted.
pub fn try_load(addr: usize) -> Option<u8> {
    let value: usize;
    let cause: usize;
    // SAFETY: a load changes nothing; if it faults, execution goes on behind it.
    unsafe {
        asm!(
            "move $a1, $zero",
            "2: ld.bu {value}, {addr}, 0",
            "3:",
            axptr::ex_entry!("2b", "3b", read),
            addr = in(reg) addr,
            value = out(reg) value,
            out("$a1") cause,
            options(nostack, readonly),
        );
    }
    (cause == 0).then_some(value as u8)
}

/// Stores one byte to user address `addr`, and says whether it could.
///
/// # Safety
///
/// `addr` holds no kernel memory.
pub unsafe fn try_store(addr: usize, value: u8) -> bool {
    // SAFETY: the caller vouches for `addr`; if it faults, execution goes on behind it.
    unsafe { kernel_try_store(addr, value) == 0 }
}

/// Adds 1 to the word at user address `addr`, and returns the cause if it could not.
///
/// # Safety
///
/// `addr` holds no kernel memory.
pub unsafe fn try_add(addr: usize) -> usize {
    // SAFETY: the caller vouches for `addr`; if it faults, execution goes on behind it.
    unsafe { kernel_try_add(addr) }
}

unsafe extern "C" {
    fn kernel_try_store(addr: usize, value: u8) -> usize;
    fn kernel_try_add(addr: usize) -> usize;
}

// kernel_try_store(a0 addr, a1 value) -> a0 0 if it has stored, else the cause.
// kernel_try_add(a0 addr) -> a0 0 if it has added, else the cause.
global_asm!(
    ".pushsection .text.kernel_try_store, \"ax\", @progbits",
    ".global kernel_try_store",
    ".type kernel_try_store, @function",
    "kernel_try_store:",
    "move $a2, $a1",
    "move $a1, $zero",
    "2: st.b $a2, $a0, 0",
    "3: move $a0, $a1",
    "ret",
    ".size kernel_try_store, . - kernel_try_store",
    axptr::ex_entry!("2b", "3b", write),
    ".popsection",
    ".pushsection .text.kernel_try_add, \"ax\", @progbits",
    ".global kernel_try_add",
    ".type kernel_try_add, @function",
    "kernel_try_add:",
    "move $a1, $zero",
    "ori $a2, $zero, 1",
    "2: amadd.w $a3, $a2, $a0",
    "3: move $a0, $a1",
    "ret",
    ".size kernel_try_add, . - kernel_try_add",
    axptr::ex_entry!("2b", "3b", read_write),
    ".popsection",
);
