// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is where in axcpu's frame.

use crate::line::TrapFrame;

crate::frame::fields!(pc: era, cause: [regs.a1]);

/// PRMD.PIE (reference manual vol. 1, 7.4.2).
pub fn irqs_were_on(frame: &TrapFrame) -> bool {
    frame.prmd & 1 << 2 != 0
}

/// The word of a frame with a register that no access of axptr's needs: $t8.
pub const SPARE: usize = 20;
pub const SPARE_NAME: &str = "$t8";
/// The word with the state of the interrupted code, and its bits for the window and for interrupts (PRMD: PIE; there is no window).
pub const STATUS: usize = 32;
pub const WINDOW: usize = 0;
pub const INTERRUPTS: usize = 1 << 2;
