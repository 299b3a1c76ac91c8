// SPDX-License-Identifier: MIT OR Apache-2.0
//! The instructions of [`cases::registers`](crate::cases::registers).

use crate::cases::registers::{STEP, functions};

pub const CAUSE: usize = 11;

/// Whether user memory is closed to the load below.
pub const NEEDS_WINDOW: bool = true;

/// What a register must hold, if it was given a value.
pub fn expected(number: usize, addr: usize) -> Option<usize> {
    match number {
        // Zero, where to return to, the stack, a system's pointers.
        0..=4 => None,
        10 => Some(addr),
        _ => Some(number * STEP),
    }
}

functions! {
    before: [
        ".option push",
        ".option arch, +m, +c", // not passed on to blocks like this one
        "addi sp, sp, -128",
        "sd ra, 0(sp)",
        ".irp n, 0,1,2,3,4,5,6,7,8,9,10,11",
        "sd s\\n, 8 + 8 * \\n(sp)",
        ".endr",
        "sd a1, 104(sp)",
        "li ra, {step}",
        ".irp n, 5,6,7,8,9,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31",
        "li x\\n, \\n",
        "mul x\\n, x\\n, ra",
        ".endr",
    ],
    load: "ld zero, 0(a0)",
    // axcpu steps over two bytes.
    breakpoint: "c.ebreak",
    behind: [
        "sd x31, 112(sp)", // its place is needed for where all go
        "ld x31, 104(sp)",
        ".irp n, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30",
        "sd x\\n, 8 * \\n(x31)",
        ".endr",
        "ld x30, 112(sp)",
        "sd x30, 8 * 31(x31)",
        "ld ra, 0(sp)",
        ".irp n, 0,1,2,3,4,5,6,7,8,9,10,11",
        "ld s\\n, 8 + 8 * \\n(sp)",
        ".endr",
        "addi sp, sp, 128",
        ".option pop",
    ],
    step = const STEP,
}
