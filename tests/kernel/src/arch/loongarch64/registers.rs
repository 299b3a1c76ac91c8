// SPDX-License-Identifier: MIT OR Apache-2.0
//! The instructions of [`cases::registers`](crate::cases::registers).

use crate::cases::registers::{STEP, functions};

pub const CAUSE: usize = 5;

/// Whether user memory is closed to the load below.
pub const NEEDS_WINDOW: bool = false;

/// What a register must hold, if it was given a value.
pub fn expected(number: usize, addr: usize) -> Option<usize> {
    match number {
        // Zero, a system's pointers, the stack.
        0 | 2 | 3 | 21 => None,
        4 => Some(addr),
        _ => Some(number * STEP),
    }
}

functions! {
    before: [
        "addi.d $sp, $sp, -112",
        "st.d $ra, $sp, 0",
        "st.d $fp, $sp, 8",
        ".irp n, 0,1,2,3,4,5,6,7,8",
        "st.d $s\\n, $sp, 16 + 8 * \\n",
        ".endr",
        "st.d $a1, $sp, 88",
        "li.d $r1, {step}",
        "move $r5, $r1",
        ".irp n, 5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,22,23,24,25,26,27,28,29,30,31",
        "ori $r31, $zero, \\n",
        "mul.d $r\\n, $r1, $r31",
        ".endr",
    ],
    load: "ld.d $zero, $a0, 0",
    breakpoint: "break 0",
    behind: [
        "st.d $r31, $sp, 96", // its place is needed for where all go
        "ld.d $r31, $sp, 88",
        ".irp n, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30",
        "st.d $r\\n, $r31, 8 * \\n",
        ".endr",
        "ld.d $r30, $sp, 96",
        "st.d $r30, $r31, 8 * 31",
        "ld.d $ra, $sp, 0",
        "ld.d $fp, $sp, 8",
        ".irp n, 0,1,2,3,4,5,6,7,8",
        "ld.d $s\\n, $sp, 16 + 8 * \\n",
        ".endr",
        "addi.d $sp, $sp, 112",
    ],
    step = const STEP,
}
