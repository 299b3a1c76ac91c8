// SPDX-License-Identifier: MIT OR Apache-2.0
//! Accesses of this kernel's own: without an exception-table entry, and what axcpu says of their faults; and
//! with one, made by the macro for kernels.

use alloc::{format, string::String};
use core::arch::{asm, global_asm};

/// What axcpu says of a page fault at `pc` that nobody handles.
pub fn unhandled_fault(pc: usize, addr: usize) -> String {
    format!("Unhandled Supervisor Page Fault @ {pc:#x}, fault_vaddr=VA:{addr:#x}")
}

/// What axcpu says of an access at `pc` to an address that no page table can map.
pub fn unhandled_out_of_reach(pc: usize, addr: usize) -> String {
    unhandled_fault(pc, addr)
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
    "sb zero, 0(a0)",
    "ret",
    ".size kernel_store, . - kernel_store",
    ".global kernel_load",
    ".type kernel_load, @function",
    "kernel_load:",
    "lbu a0, 0(a0)",
    "ret",
    ".size kernel_load, . - kernel_load",
    ".popsection",
);

/// Loads one byte from user address `addr`, inside the window; `None` if it cannot be read.
#[inline(never)] // One copy, one entry: a case demands that each has faulted.
pub fn try_load(addr: usize) -> Option<u8> {
    let value: usize;
    let cause: usize;
    // SAFETY: a load changes nothing; if it faults, execution goes on behind it.
    unsafe {
        asm!(
            "li a1, 0",
            "2: lbu {value}, 0({addr})",
            "3:",
            axptr::ex_entry!("2b", "3b", read),
            addr = in(reg) addr,
            value = out(reg) value,
            out("a1") cause,
            options(nostack, readonly),
        );
    }
    (cause == 0).then_some(value as u8)
}

/// Stores one byte to user address `addr`, inside the window, and says whether it could.
///
/// # Safety
///
/// `addr` holds no kernel memory.
pub unsafe fn try_store(addr: usize, value: u8) -> bool {
    // SAFETY: the caller vouches for `addr`; if it faults, execution goes on behind it.
    unsafe { kernel_try_store(addr, value) == 0 }
}

/// Adds 1 to the word at user address `addr`, inside the window, and returns the cause if it could not.
///
/// # Safety
///
/// `addr` holds no kernel memory.
pub unsafe fn try_add(addr: usize) -> usize {
    // SAFETY: the caller vouches for `addr`; if it faults, execution goes on behind it.
    unsafe { kernel_try_add(addr) }
}

/// Loads the word at user address `addr` to reserve it, inside the window, and returns the cause if it could
/// not.
///
/// # Safety
///
/// `addr` holds no kernel memory.
pub unsafe fn try_reserve(addr: usize) -> usize {
    // SAFETY: the caller vouches for `addr`; if it faults, execution goes on behind it.
    unsafe { kernel_try_reserve(addr) }
}

unsafe extern "C" {
    fn kernel_try_store(addr: usize, value: u8) -> usize;
    fn kernel_try_add(addr: usize) -> usize;
    fn kernel_try_reserve(addr: usize) -> usize;
}

// kernel_try_store(a0 addr, a1 value) -> a0 0 if it has stored, else the cause.
// kernel_try_add(a0 addr) -> a0 0 if it has added, else the cause.
// kernel_try_reserve(a0 addr) -> a0 0 if it has loaded, else the cause.
global_asm!(
    ".pushsection .text.kernel_try_store, \"ax\", @progbits",
    ".global kernel_try_store",
    ".type kernel_try_store, @function",
    "kernel_try_store:",
    "mv a2, a1",
    "li a1, 0",
    "2: sb a2, 0(a0)",
    "3: mv a0, a1",
    "ret",
    ".size kernel_try_store, . - kernel_try_store",
    axptr::ex_entry!("2b", "3b", write),
    ".popsection",
    ".pushsection .text.kernel_try_add, \"ax\", @progbits",
    ".global kernel_try_add",
    ".type kernel_try_add, @function",
    "kernel_try_add:",
    "li a1, 0",
    "li a2, 1",
    ".option push",
    ".option arch, +a", // not passed on to blocks like this one
    "2: amoadd.w a3, a2, (a0)",
    ".option pop",
    "3: mv a0, a1",
    "ret",
    ".size kernel_try_add, . - kernel_try_add",
    axptr::ex_entry!("2b", "3b", read_write),
    ".popsection",
    ".pushsection .text.kernel_try_reserve, \"ax\", @progbits",
    ".global kernel_try_reserve",
    ".type kernel_try_reserve, @function",
    "kernel_try_reserve:",
    "li a1, 0",
    ".option push",
    ".option arch, +a",
    "2: lr.w a3, (a0)",
    ".option pop",
    "3: mv a0, a1",
    "ret",
    ".size kernel_try_reserve, . - kernel_try_reserve",
    axptr::ex_entry!("2b", "3b", read),
    ".popsection",
);
