// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the vector gives back: every register as it was, and the flags.

use alloc::{format, string::String, vec::Vec};
use core::arch::global_asm;

use axptr::FaultKind;

use crate::{
    ensure,
    fault::{self, Traps},
    space,
};

/// General registers, by their number; in the place of the last one the flags.
type Registers = [usize; 32];

unsafe extern "C" {
    /// Gives each register but sp, x18 and `addr` a value of its own, loads a word from user address `addr`,
    /// and stores all registers as they are then.
    fn kernel_registers_load(addr: usize, after: &mut Registers);
    /// The same around a breakpoint, which is none of axptr's and which axcpu steps over.
    fn kernel_registers_break(addr: usize, after: &mut Registers);
}

/// Register `number` gets `number * STEP`.
const STEP: usize = 0x0101_0101_0101;
/// N, not Z, C, not V.
const FLAGS: usize = 0b1010 << 28;

/// Where the address is; where the cause comes to; the platform's; where the flags are stored.
const ADDR: usize = 0;
const CAUSE: usize = 1;
const PLATFORM: usize = 18;
const NZCV: usize = 31;

pub fn a_repaired_fault_changes_no_register() -> Result<(), String> {
    space::LAZY.renew();
    for traps in [1, 0] {
        let (changed, counted) = changed_by(kernel_registers_load, space::LAZY.start());
        ensure!(changed.is_empty() && counted == Traps::pages(traps), "{changed:x?}, {counted:?}");
    }
    Ok(())
}

pub fn a_landing_changes_the_causes_register_alone() -> Result<(), String> {
    let (changed, counted) = changed_by(kernel_registers_load, space::HOLE.start());
    let [(CAUSE, cause)] = changed[..] else { return Err(format!("{changed:x?}")) };
    ensure!(cause & 0xff == FaultKind::NotPresent as usize, "{cause:#x}");
    ensure!(counted == Traps::pages(1), "{counted:?}");
    Ok(())
}

pub fn what_is_passed_on_changes_no_register() -> Result<(), String> {
    let (changed, counted) = changed_by(kernel_registers_break, 0);
    ensure!(changed.is_empty() && counted == Traps::NONE, "{changed:x?}, {counted:?}");
    Ok(())
}

/// The registers that `run` has found changed, with what they held, and the faults that it met.
fn changed_by(run: unsafe extern "C" fn(usize, &mut Registers), addr: usize) -> (Vec<(usize, usize)>, Traps) {
    let mut after = [0; 32];
    // SAFETY: user memory or none; `after` has room, and the callee keeps to the ABI.
    let ((), traps) = fault::counted(|| unsafe { run(addr, &mut after) });
    let is_changed = |&(number, value): &(usize, usize)| match number {
        ADDR => value != addr,
        PLATFORM => false,
        NZCV => value != FLAGS,
        _ => value != number * STEP,
    };
    (after.into_iter().enumerate().filter(is_changed).collect(), traps)
}

global_asm!(
    ".macro kernel_registers name, insn:vararg",
    ".global \\name",
    ".type \\name, @function",
    "\\name:",
    "stp x29, x30, [sp, -112]!",
    "stp x19, x20, [sp, 16]",
    "stp x21, x22, [sp, 32]",
    "stp x23, x24, [sp, 48]",
    "stp x25, x26, [sp, 64]",
    "stp x27, x28, [sp, 80]",
    "str x1, [sp, 96]",
    "mov x1, {flags}",
    "msr nzcv, x1",
    "ldr x1, ={step}",
    ".irp n, 2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,19,20,21,22,23,24,25,26,27,28,29",
    "mov x30, \\n",
    "mul x\\n, x1, x30",
    ".endr",
    "mov x30, 30",
    "mul x30, x1, x30",
    "2: \\insn",
    "3:",
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
    "ret",
    ".ltorg",
    ".size \\name, . - \\name",
    ".endm",
    ".pushsection .text.kernel_registers, \"ax\", @progbits",
    "kernel_registers kernel_registers_load, ldtr xzr, [x0]",
    axptr::ex_entry!("2b", "3b", read),
    "kernel_registers kernel_registers_break, brk 0",
    ".popsection",
    step = const STEP,
    flags = const FLAGS,
);
