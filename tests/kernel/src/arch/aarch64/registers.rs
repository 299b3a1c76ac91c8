// SPDX-License-Identifier: MIT OR Apache-2.0
//! The instructions of [`cases::registers`](crate::cases::registers); the last place is the flags.

use crate::cases::registers::{STEP, functions};

pub const CAUSE: usize = 1;

/// Whether user memory is closed to the load below.
pub const NEEDS_WINDOW: bool = false;

/// N, not Z, C, not V.
const FLAGS: usize = 0b1010 << 28;

/// What a register must hold, if it was given a value.
pub fn expected(number: usize, addr: usize) -> Option<usize> {
    match number {
        0 => Some(addr),
        // The platform's.
        18 => None,
        31 => Some(FLAGS),
        _ => Some(number * STEP),
    }
}

functions! {
    before: [
        "stp x29, x30, [sp, -112]!",
        "stp x19, x20, [sp, 16]",
        "stp x21, x22, [sp, 32]",
        "stp x23, x24, [sp, 48]",
        "stp x25, x26, [sp, 64]",
        "stp x27, x28, [sp, 80]",
        "str x1, [sp, 96]",
        "mov x1, {flags}",
        "msr nzcv, x1",
        "mov x1, {step} & 0xffff",
        "movk x1, {step} >> 16 & 0xffff, lsl 16",
        "movk x1, {step} >> 32, lsl 32",
        ".irp n, 2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,19,20,21,22,23,24,25,26,27,28,29",
        "mov x30, \\n",
        "mul x\\n, x1, x30",
        ".endr",
        "mov x30, 30",
        "mul x30, x1, x30",
    ],
    load: "ldtr xzr, [x0]",
    breakpoint: "brk 0",
    behind: [
        "str x30, [sp, 104]", // its place is needed for where all go
        "ldr x30, [sp, 96]",
        ".irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29",
        "str x\\n, [x30, 8 * \\n]",
        ".endr",
        "ldr x1, [sp, 104]",
        "str x1, [x30, 8 * 30]",
        "mrs x1, nzcv",
        "str x1, [x30, 8 * 31]",
        "ldp x19, x20, [sp, 16]",
        "ldp x21, x22, [sp, 32]",
        "ldp x23, x24, [sp, 48]",
        "ldp x25, x26, [sp, 64]",
        "ldp x27, x28, [sp, 80]",
        "ldp x29, x30, [sp], 112",
    ],
    step = const STEP,
    flags = const FLAGS,
}
