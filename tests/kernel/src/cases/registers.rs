// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the vector gives back: every register as it was.
//!
//! The functions that look are `arch::registers`, a machine's each.

use alloc::{format, string::String, vec::Vec};

use axptr::FaultKind;

use crate::{
    arch::{
        registers::{CAUSE, NEEDS_WINDOW, expected},
        window,
    },
    ensure,
    fault::{self, Traps},
    space,
};

/// Registers, by the machine's numbers.
type Registers = [usize; 32];

unsafe extern "C" {
    /// Gives each register of which a value is [`expected`] that value, loads a word from user address `addr`, and
    /// stores all registers as they are then.
    fn kernel_registers_load(addr: usize, after: &mut Registers);
    /// The same around a breakpoint, which is none of axptr's and which axcpu steps over.
    fn kernel_registers_break(addr: usize, after: &mut Registers);
}

/// Register `number` gets `number * STEP`, unless the machine has another use for it.
pub const STEP: usize = 0x0101_0101_0101;

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
    let mut run = || unsafe { run(addr, &mut after) };
    let ((), traps) = fault::counted(|| if NEEDS_WINDOW { window::during(run).0 } else { run() });
    let is_changed = |&(number, value): &(usize, usize)| expected(number, addr).is_some_and(|it| it != value);
    (after.into_iter().enumerate().filter(is_changed).collect(), traps)
}

/// The functions that look, of a machine's lines: those before the instruction that matters, the instruction (a load in
/// the one function, a breakpoint in the other), those behind it, and the operands of them all.
macro_rules! functions {
    (
        before: [$($before:literal),+ $(,)?],
        load: $load:literal,
        breakpoint: $breakpoint:literal,
        behind: [$($behind:literal),+ $(,)?],
        $($operands:tt)+
    ) => {
        $crate::asm::function!(
            kernel_registers_load, read: $($before,)+ "2:", $load, "3:", $($behind),+; $($operands)+
        );
        $crate::asm::function!(
            kernel_registers_break: $($before,)+ $breakpoint, $($behind),+; $($operands)+
        );
    };
}
pub(crate) use functions;
