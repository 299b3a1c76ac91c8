// SPDX-License-Identifier: MIT OR Apache-2.0
//! The faults of the self test: see `arch::operation`.

use core::arch::asm;

use super::IS_KERNEL;
use crate::arch::{
    entry::{ECHO, INLINED, NOFAULT, QUIET, READ, REHEARSED, WRITE},
    operation::{Gets, Operation},
};

/// x0.
const X0: usize = 0;

/// x0 to x30, and no stack pointer.
pub(crate) const COUNT: usize = 31;
/// A value for each, in the machine's order.
pub(crate) type Registers = [usize; COUNT];

/// The names; x18, which the platform owns, gets no value.
pub(crate) const NAMES: [&str; COUNT] = [
    "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15",
    "x16", "x17", "", "x19", "x20", "x21", "x22", "x23", "x24", "x25", "x26", "x27", "x28", "x29", "x30",
];
/// The register of the cause: x1.
pub(crate) const CAUSE: usize = 1;
/// The place of x18.
pub(crate) const END: usize = 18;

/// The accesses of the routines: unprivileged ones.
pub(crate) const OPERATIONS: &[Operation] = &[
    Operation::of_user_memory(READ, X0),
    Operation::of_user_memory(READ, X0),
    Operation::of_user_memory(WRITE, X0),
    Operation::of_user_memory(READ, X0).that_gets(Gets::Nothing),
    Operation::of_user_memory(READ, X0).that_gets(Gets::Address),
];

/// Executes an instruction with all registers known.
///
/// # Safety
///
/// 1. `operation` is an index of [`OPERATIONS`], whose register holds a user address.
#[inline]
pub(crate) unsafe fn fault(operation: usize, registers: &mut Registers) {
    macro_rules! execute {
        ($insn:literal, $flags:expr) => {
            // SAFETY: by (1), the instruction accesses user memory. All registers are operands, or saved and restored
            // here.
            unsafe {
                asm!(
                    "stp x19, x29, [sp, -48]!",
                    "stp x0, x0, [sp, 16]", // the second is not 0: overwritten at the landing
                    ".irp n, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,19,20,21,22,23,24,25,26,27,28,29,30",
                    "ldr x\\n, [x0, 8 * \\n]",
                    ".endr",
                    "ldr x0, [x0]",
                    concat!("2: ", $insn),
                    "b 4f",
                    "3: str xzr, [sp, 24]",
                    "4: str x30, [sp, 32]", // its place is needed for where all go
                    "ldr x30, [sp, 16]",
                    ".irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,19,20,21,22,23,24,25,26,27,28,29",
                    "str x\\n, [x30, 8 * \\n]",
                    ".endr",
                    "ldr x29, [sp, 32]",
                    "str x29, [x30, 8 * 30]",
                    "ldr x29, [sp, 24]",
                    "str x29, [x30, 8 * 18]",
                    "ldp x19, x29, [sp], 48",
                    crate::__ex_entry!("2b", "3b", "{flags}"),
                    flags = const INLINED | REHEARSED | $flags,
                    inout("x0") registers => _,
                    out("x1") _, out("x2") _, out("x3") _, out("x4") _, out("x5") _, out("x6") _, out("x7") _,
                    out("x8") _, out("x9") _, out("x10") _, out("x11") _, out("x12") _, out("x13") _, out("x14") _,
                    out("x15") _, out("x16") _, out("x17") _, out("x20") _, out("x21") _, out("x22") _, out("x23") _,
                    out("x24") _, out("x25") _, out("x26") _, out("x27") _, out("x28") _, out("x30") _,
                );
            }
        };
    }
    match operation {
        0 => execute!("ldtrb wzr, [x0]", READ),
        1 => execute!("ldtrb wzr, [x0]", READ | NOFAULT),
        2 => execute!("sttrb wzr, [x0]", WRITE),
        3 => execute!("ldtrb wzr, [x0]", READ | QUIET),
        _ => execute!("ldtrb wzr, [x0]", READ | ECHO),
    }
}

/// Changes each register that a function need not preserve.
#[inline(never)]
pub(crate) fn scramble() {
    // SAFETY: the registers are clobbered.
    unsafe {
        asm!(
            ".irp reg, x0, x1, x2, x3, x4, x5, x6, x7, x8, x9, x10, x11, x12, x13, x14, x15, x16, x17",
            "mov \\reg, 0x5ca3",
            ".endr",
            clobber_abi("C"),
            options(nomem, nostack)
        );
    }
}

/// Whether this CPU takes interrupts now.
#[inline]
pub(crate) fn interrupts_on() -> bool {
    const DAIF_I: usize = 1 << 7;
    if !IS_KERNEL {
        return true;
    }
    let daif: usize;
    // SAFETY: reads a register, in kernel mode.
    unsafe { asm!("mrs {}, daif", out(reg) daif, options(nomem, nostack, preserves_flags)) };
    daif & DAIF_I == 0
}
