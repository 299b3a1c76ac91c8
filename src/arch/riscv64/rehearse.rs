// SPDX-License-Identifier: MIT OR Apache-2.0
//! The faults of the self test: see `arch::operation`.

use core::arch::asm;

use super::IS_KERNEL;
use crate::arch::{
    entry::{ECHO, INLINED, NOFAULT, QUIET, READ, REHEARSED, WRITE},
    operation::{Gets, Operation},
};

/// a0.
const A0: usize = 10;

/// The number of general registers.
pub(crate) const COUNT: usize = 32;
/// A value for each, in the machine's order.
pub(crate) type Registers = [usize; COUNT];

/// The names; zero, and the pointers to the stack, the globals and the thread, get no value.
pub(crate) const NAMES: [&str; COUNT] = [
    "", "ra", "", "", "", "t0", "t1", "t2", "s0", "s1", "a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7", "s2",
    "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6",
];
/// The register of the cause: a1.
pub(crate) const CAUSE: usize = 11;
/// The place of zero.
pub(crate) const END: usize = 0;

/// No instruction of this machine copies.
pub(crate) const OPERATIONS: &[Operation] = &[
    Operation::of_user_memory(READ, A0),
    Operation::of_user_memory(READ, A0),
    Operation::of_user_memory(WRITE, A0),
    Operation::of_user_memory(READ, A0).that_gets(Gets::Nothing),
    Operation::of_user_memory(READ, A0).that_gets(Gets::Address),
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
                    "addi sp, sp, -48",
                    "sd s0, 0(sp)",
                    "sd s1, 8(sp)",
                    "sd a0, 16(sp)",
                    "sd a0, 24(sp)", // not 0: overwritten at the landing
                    ".irp n, 1,5,6,7,8,9,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31",
                    "ld x\\n, 8 * \\n(a0)",
                    ".endr",
                    "ld a0, 80(a0)",
                    concat!("2: ", $insn),
                    "j 4f",
                    "3: sd zero, 24(sp)",
                    "4: sd x31, 32(sp)", // its place is needed for where all go
                    "ld x31, 16(sp)",
                    ".irp n, 1,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30",
                    "sd x\\n, 8 * \\n(x31)",
                    ".endr",
                    "ld x30, 32(sp)",
                    "sd x30, 8 * 31(x31)",
                    "ld x30, 24(sp)",
                    "sd x30, 0(x31)",
                    "ld s0, 0(sp)",
                    "ld s1, 8(sp)",
                    "addi sp, sp, 48",
                    crate::__ex_entry!("2b", "3b", "{flags}"),
                    flags = const INLINED | REHEARSED | $flags,
                    inout("a0") registers => _,
                    out("ra") _, out("t0") _, out("t1") _, out("t2") _, out("a1") _, out("a2") _, out("a3") _,
                    out("a4") _, out("a5") _, out("a6") _, out("a7") _, out("s2") _, out("s3") _, out("s4") _,
                    out("s5") _, out("s6") _, out("s7") _, out("s8") _, out("s9") _, out("s10") _, out("s11") _,
                    out("t3") _, out("t4") _, out("t5") _, out("t6") _,
                );
            }
        };
    }
    match operation {
        0 => execute!("lb zero, 0(a0)", READ),
        1 => execute!("lb zero, 0(a0)", READ | NOFAULT),
        2 => execute!("sb zero, 0(a0)", WRITE),
        3 => execute!("lb zero, 0(a0)", READ | QUIET),
        _ => execute!("lb zero, 0(a0)", READ | ECHO),
    }
}

/// Changes each register that a function need not preserve.
#[inline(never)]
pub(crate) fn scramble() {
    // SAFETY: the registers are clobbered.
    unsafe {
        asm!(
            ".irp reg, t0, t1, t2, t3, t4, t5, t6, a0, a1, a2, a3, a4, a5, a6, a7",
            "li \\reg, 0x5ca3b1e5",
            ".endr",
            clobber_abi("C"),
            options(nomem, nostack)
        );
    }
}

/// Whether this CPU takes interrupts now.
#[inline]
pub(crate) fn interrupts_on() -> bool {
    const SSTATUS_SIE: usize = 1 << 1;
    if !IS_KERNEL {
        return true;
    }
    let sstatus: usize;
    // SAFETY: reads a control register, in kernel mode.
    unsafe { asm!("csrr {}, sstatus", out(reg) sstatus, options(nomem, nostack, preserves_flags)) };
    sstatus & SSTATUS_SIE != 0
}
