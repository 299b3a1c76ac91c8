// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the vector gives back: every register as it was.

use alloc::{format, string::String, vec::Vec};
use core::arch::global_asm;

use axptr::FaultKind;

use crate::{
    ensure,
    fault::{self, Traps},
    space,
};

/// General registers, by their number.
type Registers = [usize; 32];

unsafe extern "C" {
    /// Gives each register but ra, tp, sp, r21 and `a0` a value of its own, loads a word from user address
    /// `addr`, and stores all registers as they are then.
    fn kernel_registers_load(addr: usize, after: &mut Registers);
    /// The same around a breakpoint, which is none of axptr's and which axcpu steps over.
    fn kernel_registers_break(addr: usize, after: &mut Registers);
}

/// Register `number` gets `number * STEP`.
const STEP: usize = 0x0101_0101_0101;

/// Those that keep what they are: zero, a system's pointers, the stack, and the address.
const KEPT: [usize; 5] = [0, 2, 3, 4, 21];

const CAUSE: usize = 5;

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
        4 => value != addr,
        _ => !KEPT.contains(&number) && value != number * STEP,
    };
    (after.into_iter().enumerate().filter(is_changed).collect(), traps)
}

global_asm!(
    ".macro kernel_registers name, insn:vararg",
    ".global \\name",
    ".type \\name, @function",
    "\\name:",
    "addi.d $sp, $sp, -112",
    "st.d $ra, $sp, 0",
    "st.d $fp, $sp, 8",
    "st.d $s0, $sp, 16",
    "st.d $s1, $sp, 24",
    "st.d $s2, $sp, 32",
    "st.d $s3, $sp, 40",
    "st.d $s4, $sp, 48",
    "st.d $s5, $sp, 56",
    "st.d $s6, $sp, 64",
    "st.d $s7, $sp, 72",
    "st.d $s8, $sp, 80",
    "st.d $a1, $sp, 88",
    "li.d $r1, {step}",
    "move $r5, $r1",
    ".irp n, 5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,22,23,24,25,26,27,28,29,30,31",
    "ori $r31, $zero, \\n",
    "mul.d $r\\n, $r1, $r31",
    ".endr",
    "2: \\insn",
    "3:",
    "st.d $r31, $sp, 96", // its place is needed for where all go
    "ld.d $r31, $sp, 88",
    ".irp n, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30",
    "st.d $r\\n, $r31, 8 * \\n",
    ".endr",
    "ld.d $r30, $sp, 96",
    "st.d $r30, $r31, 8 * 31",
    "ld.d $ra, $sp, 0",
    "ld.d $fp, $sp, 8",
    "ld.d $s0, $sp, 16",
    "ld.d $s1, $sp, 24",
    "ld.d $s2, $sp, 32",
    "ld.d $s3, $sp, 40",
    "ld.d $s4, $sp, 48",
    "ld.d $s5, $sp, 56",
    "ld.d $s6, $sp, 64",
    "ld.d $s7, $sp, 72",
    "ld.d $s8, $sp, 80",
    "addi.d $sp, $sp, 112",
    "ret",
    ".size \\name, . - \\name",
    ".endm",
    ".pushsection .text.kernel_registers, \"ax\", @progbits",
    "kernel_registers kernel_registers_load, ld.d $zero, $a0, 0",
    axptr::ex_entry!("2b", "3b", read),
    "kernel_registers kernel_registers_break, break 0",
    ".popsection",
    step = const STEP,
);
