// SPDX-License-Identifier: MIT OR Apache-2.0
//! Instructions of loongarch64.

use std::arch::{asm, global_asm};

use axptr::ex_entry;

/// The size of the one faulting instruction of both functions below, their first.
pub(crate) const FOREIGN_SIZE: usize = 4;

/// An address that cannot be translated is like one where nothing is mapped.
pub(crate) const UNTRANSLATABLE_TELLS: (libc::c_int, bool) = (1, true);

global_asm!(
    ".pushsection .text.signals_foreign, \"ax\", @progbits",
    ".balign 4",
    ".global signals_foreign_load",
    ".global signals_foreign_store",
    "signals_foreign_load:", // ($a0 address) -> $a0
    "ld.d $a0, $a0, 0",
    "ret",
    "signals_foreign_store:", // ($a0 address, $a1 value)
    "st.d $a1, $a0, 0",
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
    unsafe { asm!("jirl $ra, {}, 0", in(reg) addr, clobber_abi("C")) };
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
            "syscall 0",
            "2: move $a1, $zero",
            "3:",
            ex_entry!("2b", "3b", read),
            in("$a7") number,
            inout("$a0") args[0] as isize => status,
            inout("$a1") args[1] => cause,
            in("$a2") args[2],
            in("$a3") args[3],
            // A system call changes the temporary registers.
            out("$t0") _, out("$t1") _, out("$t2") _, out("$t3") _, out("$t4") _,
            out("$t5") _, out("$t6") _, out("$t7") _, out("$t8") _,
        );
    }
    (status, cause)
}
