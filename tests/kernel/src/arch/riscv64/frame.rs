// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is where in axcpu's frame.

use crate::line::TrapFrame;

crate::frame::fields!(pc: sepc, cause: [regs.a1]);

/// sstatus.SPIE (privileged architecture, "Supervisor Status Register").
pub fn irqs_were_on(frame: &TrapFrame) -> bool {
    frame.sstatus.spie()
}

/// The word of a frame with a register that no access of axptr's needs: s4.
pub const SPARE: usize = 20;
pub const SPARE_NAME: &str = "s4";
/// The word with the state of the interrupted code, and its bits for the window and for interrupts (sstatus: SUM, SPIE).
pub const STATUS: usize = 33;
pub const WINDOW: usize = 1 << 18;
pub const INTERRUPTS: usize = 1 << 5;
