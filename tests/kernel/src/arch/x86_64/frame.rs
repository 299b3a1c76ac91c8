// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is where in axcpu's frame.

use crate::line::TrapFrame;

// `movs` reads at rsi and writes at rdi.
#[cfg(not(feature = "living"))]
crate::frame::fields!(pc: rip, cause: [rdx], read: [rsi], write: [rdi]);
#[cfg(feature = "living")]
crate::frame::fields!(pc: rip, cause: [regs.rdx], read: [regs.rsi], write: [regs.rdi]);

/// RFLAGS.IF.
pub fn irqs_were_on(frame: &TrapFrame) -> bool {
    frame.rflags & 1 << 9 != 0
}

/// The word of a frame with a register that no access of axptr's needs: r12.
pub const SPARE: usize = 11;
pub const SPARE_NAME: &str = "r12";
/// The word with the state of the interrupted code, and its bits for the window and for interrupts (RFLAGS: AC, IF).
pub const STATUS: usize = 19;
pub const WINDOW: usize = 1 << 18;
pub const INTERRUPTS: usize = 1 << 9;
