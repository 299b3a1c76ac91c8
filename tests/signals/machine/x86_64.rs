// SPDX-License-Identifier: MIT OR Apache-2.0
//! Instructions of x86_64.

use std::arch::{asm, global_asm};

use axptr::ex_entry;

/// The size of the one faulting instruction of both functions below, their first.
pub(crate) const FOREIGN_SIZE: usize = 3;

/// An address that cannot be translated is a #GP, which tells no address.
pub(crate) const UNTRANSLATABLE_TELLS: (libc::c_int, bool) = (libc::SI_KERNEL, false);

global_asm!(
    ".pushsection .text.signals_foreign, \"ax\", @progbits",
    ".balign 4",
    ".global signals_foreign_load",
    ".global signals_foreign_store",
    "signals_foreign_load:", // (rdi address) -> rax
    "mov rax, qword ptr [rdi]",
    "ret",
    "signals_foreign_store:", // (rdi address, rsi value)
    "mov qword ptr [rdi], rsi",
    "ret",
    ".popsection",
);

unsafe extern "C" {
    pub(crate) fn signals_foreign_load(addr: usize) -> u64;
    pub(crate) fn signals_foreign_store(addr: usize, value: u64);
}

/// Goes on where there is no code.
pub(crate) fn wild_jump(addr: usize) {
    // SAFETY: there is nothing to run; the fault ends the process.
    unsafe { asm!("call {}", in(reg) addr, clobber_abi("C")) };
}

/// Makes a system call of four arguments. An instruction of the table stands behind it, and sets the cause to 0.
///
/// Returns the call's result and the cause.
///
/// # Safety
///
/// 1. As the system call.
pub(crate) unsafe fn call_then_entry(number: usize, args: [usize; 4]) -> (isize, usize) {
    let (status, cause): (isize, usize);
    // SAFETY: (1). The instruction behind the call touches no memory.
    unsafe {
        asm!(
            "syscall",
            "2: xor edx, edx",
            "3:",
            ex_entry!("2b", "3b", read),
            inout("rax") number as isize => status,
            in("rdi") args[0],
            inout("rsi") args[1] => _,
            inout("rdx") args[2] => cause,
            in("r10") args[3],
            out("rcx") _,
            out("r11") _,
        );
    }
    (status, cause)
}
