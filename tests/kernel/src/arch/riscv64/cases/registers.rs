// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the vector gives back: every register as it was.

use alloc::{format, string::String, vec::Vec};
use core::arch::global_asm;

use axptr::FaultKind;

use super::super::window;
use crate::{
    ensure,
    fault::{self, Traps},
    space,
};

/// General registers, by their number.
type Registers = [usize; 32];

unsafe extern "C" {
    /// Gives each register but ra, sp, gp, tp and `a0` a value of its own, loads a word from user address
    /// `addr`, and stores all registers as they are then.
    fn kernel_registers_load(addr: usize, after: &mut Registers);
    /// The same around a breakpoint, which is none of axptr's and which axcpu steps over.
    fn kernel_registers_break(addr: usize, after: &mut Registers);
}

/// Register `number` gets `number * STEP`.
const STEP: usize = 0x0101_0101_0101;

/// Those that keep what they are: zero, where to return to, the stack, a system's pointers.
const KEPT: [usize; 5] = [0, 1, 2, 3, 4];

const ADDR: usize = 10;
const CAUSE: usize = 11;

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
    let ((), traps) = fault::counted(|| window::during(|| unsafe { run(addr, &mut after) }).0);
    let is_changed = |&(number, value): &(usize, usize)| match number {
        ADDR => value != addr,
        _ => !KEPT.contains(&number) && value != number * STEP,
    };
    (after.into_iter().enumerate().filter(is_changed).collect(), traps)
}

global_asm!(
    ".macro kernel_registers name, insn:vararg",
    ".global \\name",
    ".type \\name, @function",
    "\\name:",
    "addi sp, sp, -128",
    "sd ra, 0(sp)",
    "sd s0, 8(sp)",
    "sd s1, 16(sp)",
    "sd s2, 24(sp)",
    "sd s3, 32(sp)",
    "sd s4, 40(sp)",
    "sd s5, 48(sp)",
    "sd s6, 56(sp)",
    "sd s7, 64(sp)",
    "sd s8, 72(sp)",
    "sd s9, 80(sp)",
    "sd s10, 88(sp)",
    "sd s11, 96(sp)",
    "sd a1, 104(sp)",
    "li ra, {step}",
    ".irp n, 5,6,7,8,9,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31",
    "li x\\n, \\n",
    "mul x\\n, x\\n, ra",
    ".endr",
    "2: \\insn",
    "3:",
    "sd x31, 112(sp)", // its place is needed for where all go
    "ld x31, 104(sp)",
    ".irp n, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30",
    "sd x\\n, 8 * \\n(x31)",
    ".endr",
    "ld x30, 112(sp)",
    "sd x30, 8 * 31(x31)",
    "ld ra, 0(sp)",
    "ld s0, 8(sp)",
    "ld s1, 16(sp)",
    "ld s2, 24(sp)",
    "ld s3, 32(sp)",
    "ld s4, 40(sp)",
    "ld s5, 48(sp)",
    "ld s6, 56(sp)",
    "ld s7, 64(sp)",
    "ld s8, 72(sp)",
    "ld s9, 80(sp)",
    "ld s10, 88(sp)",
    "ld s11, 96(sp)",
    "addi sp, sp, 128",
    "ret",
    ".size \\name, . - \\name",
    ".endm",
    ".pushsection .text.kernel_registers, \"ax\", @progbits",
    ".option push",
    ".option arch, +m, +c", // not passed on to blocks like this one
    "kernel_registers kernel_registers_load, ld zero, 0(a0)",
    axptr::ex_entry!("2b", "3b", read),
    // axcpu steps over two bytes.
    "kernel_registers kernel_registers_break, c.ebreak",
    ".option pop",
    ".popsection",
    step = const STEP,
);
