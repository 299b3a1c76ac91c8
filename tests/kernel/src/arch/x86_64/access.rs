// SPDX-License-Identifier: MIT OR Apache-2.0
//! Accesses of this kernel's own: without an exception-table entry, and what axcpu says of their faults; and
//! with one, made by the macro for kernels.

use alloc::{format, string::String};
use core::arch::{asm, global_asm};

/// What axcpu says of a page fault at `pc` that nobody handles.
pub fn unhandled_fault(pc: usize, addr: usize) -> String {
    format!("Unhandled #PF @ {pc:#x}, fault_vaddr=VA:{addr:#x}")
}

/// What axcpu says of an access at `pc` to an address that no page table can map.
pub fn unhandled_out_of_reach(pc: usize, _addr: usize) -> String {
    format!("#GP @ {pc:#x}, error_code=0x0")
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

// kernel_store(rdi addr): stores 0; its first instruction is the one that may fault.
// kernel_load(rdi addr) -> al; its first instruction is the one that may fault.
global_asm!(
    ".pushsection .text.kernel_access, \"ax\", @progbits",
    ".global kernel_store",
    ".type kernel_store, @function",
    "kernel_store:",
    "mov byte ptr [rdi], 0",
    "ret",
    ".size kernel_store, . - kernel_store",
    ".global kernel_load",
    ".type kernel_load, @function",
    "kernel_load:",
    "mov al, byte ptr [rdi]",
    "ret",
    ".size kernel_load, . - kernel_load",
    ".popsection",
);

/// Loads one byte from user address `addr`, inside the window; `None` if it cannot be read.
#[inline(never)] // One copy, one entry: a case demands that each has faulted.
pub fn try_load(addr: usize) -> Option<u8> {
    let value: u8;
    let cause: usize;
    // SAFETY: a load changes nothing; if it faults, execution goes on behind it.
    unsafe {
        asm!(
            "xor edx, edx",
            "2: mov {value}, byte ptr [{addr}]",
            "3:",
            axptr::ex_entry!("2b", "3b", read),
            addr = in(reg) addr,
            value = out(reg_byte) value,
            out("rdx") cause,
            options(nostack, readonly),
        );
    }
    (cause == 0).then_some(value)
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

unsafe extern "C" {
    fn kernel_try_store(addr: usize, value: u8) -> usize;
}

// kernel_try_store(rdi addr, sil value) -> rax 0 if it has stored.
global_asm!(
    ".pushsection .text.kernel_try_store, \"ax\", @progbits",
    ".global kernel_try_store",
    ".type kernel_try_store, @function",
    "kernel_try_store:",
    "xor edx, edx",
    "2: mov byte ptr [rdi], sil",
    "3: mov rax, rdx",
    "ret",
    ".size kernel_try_store, . - kernel_try_store",
    axptr::ex_entry!("2b", "3b", write),
    ".popsection",
);
