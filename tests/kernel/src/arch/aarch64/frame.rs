// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is where in axcpu's frame.

use crate::line::TrapFrame;

crate::frame::fields!(pc: elr, cause: [x[1]]);

/// SPSR_EL1.I masks them (Arm ARM, C5.2.19).
pub fn irqs_were_on(frame: &TrapFrame) -> bool {
    frame.spsr & 1 << 7 == 0
}

/// The word of a frame with a register that no access of axptr's needs: x20.
pub const SPARE: usize = 20;
pub const SPARE_NAME: &str = "x20";
/// The word with the state of the interrupted code, and its bits for the window and for interrupts (SPSR: PAN, I).
pub const STATUS: usize = 32;
pub const WINDOW: usize = 1 << 22;
pub const INTERRUPTS: usize = 1 << 7;
