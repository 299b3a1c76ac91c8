// SPDX-License-Identifier: MIT OR Apache-2.0
//! The faults of the self test: see `arch::operation`.

use core::arch::asm;

use crate::arch::{
    entry::{ECHO, INLINED, NOFAULT, QUIET, READ, REHEARSED, WRITE},
    operation::{Gets, Operation},
};

/// $a0.
const A0: usize = 4;

/// The number of general registers.
pub(crate) const COUNT: usize = 32;
/// A value for each, in the machine's order.
pub(crate) type Registers = [usize; COUNT];

/// The names; zero, the stack pointer, and what the platform owns ($tp, $r21), get no value.
pub(crate) const NAMES: [&str; COUNT] = [
    "", "$ra", "", "", "$a0", "$a1", "$a2", "$a3", "$a4", "$a5", "$a6", "$a7", "$t0", "$t1", "$t2", "$t3",
    "$t4", "$t5", "$t6", "$t7", "$t8", "", "$fp", "$s0", "$s1", "$s2", "$s3", "$s4", "$s5", "$s6", "$s7",
    "$s8",
];
/// The register of the cause: $a1.
pub(crate) const CAUSE: usize = 5;
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
                    "addi.d $sp, $sp, -48",
                    "st.d $fp, $sp, 0",
                    "st.d $s8, $sp, 8",
                    "st.d $a0, $sp, 16",
                    "st.d $a0, $sp, 24", // not 0: overwritten at the landing
                    ".irp n, 1,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,22,23,24,25,26,27,28,29,30,31",
                    "ld.d $r\\n, $a0, 8 * \\n",
                    ".endr",
                    "ld.d $a0, $a0, 32",
                    concat!("2: ", $insn),
                    "b 4f",
                    "3: st.d $zero, $sp, 24",
                    "4: st.d $r31, $sp, 32", // its place is needed for where all go
                    "ld.d $r31, $sp, 16",
                    ".irp n, 1,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,22,23,24,25,26,27,28,29,30",
                    "st.d $r\\n, $r31, 8 * \\n",
                    ".endr",
                    "ld.d $r30, $sp, 32",
                    "st.d $r30, $r31, 8 * 31",
                    "ld.d $r30, $sp, 24",
                    "st.d $r30, $r31, 0",
                    "ld.d $fp, $sp, 0",
                    "ld.d $s8, $sp, 8",
                    "addi.d $sp, $sp, 48",
                    crate::__ex_entry!("2b", "3b", "{flags}"),
                    flags = const INLINED | REHEARSED | $flags,
                    inout("$a0") registers => _,
                    out("$ra") _, out("$a1") _, out("$a2") _, out("$a3") _, out("$a4") _, out("$a5") _, out("$a6") _,
                    out("$a7") _, out("$t0") _, out("$t1") _, out("$t2") _, out("$t3") _, out("$t4") _, out("$t5") _,
                    out("$t6") _, out("$t7") _, out("$t8") _, out("$s0") _, out("$s1") _, out("$s2") _, out("$s3") _,
                    out("$s4") _, out("$s5") _, out("$s6") _, out("$s7") _,
                );
            }
        };
    }
    match operation {
        0 => execute!("ld.b $zero, $a0, 0", READ),
        1 => execute!("ld.b $zero, $a0, 0", READ | NOFAULT),
        2 => execute!("st.b $zero, $a0, 0", WRITE),
        3 => execute!("ld.b $zero, $a0, 0", READ | QUIET),
        _ => execute!("ld.b $zero, $a0, 0", READ | ECHO),
    }
}

/// Changes each register that a function need not preserve.
#[inline(never)]
pub(crate) fn scramble() {
    // SAFETY: the registers are clobbered.
    unsafe {
        asm!(
            ".irp reg, $t0, $t1, $t2, $t3, $t4, $t5, $t6, $t7, $t8, $a0, $a1, $a2, $a3, $a4, $a5, $a6, $a7",
            "lu12i.w \\reg, 0x5ca3b",
            ".endr",
            clobber_abi("C"),
            options(nomem, nostack)
        );
    }
}

/// Whether this CPU takes interrupts now.
#[inline]
pub(crate) fn interrupts_on() -> bool {
    const CRMD: usize = 0x0;
    const CRMD_IE: usize = 1 << 2;
    if !cfg!(axptr_home = "kernel") {
        return true;
    }
    let crmd: usize;
    // SAFETY: reads a control register, in kernel mode.
    unsafe { asm!("csrrd {}, {CRMD}", out(reg) crmd, CRMD = const CRMD, options(nomem, nostack)) };
    crmd & CRMD_IE != 0
}
