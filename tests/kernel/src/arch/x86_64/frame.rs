// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is where in axcpu's frame.

use axcpu::TrapFrame;

// `movs` reads at rsi and writes at rdi.
crate::frame::fields!(pc: rip, cause: [rdx], read: rsi, write: rdi);

/// RFLAGS.IF.
pub fn irqs_were_on(frame: &TrapFrame) -> bool {
    frame.rflags & 1 << 9 != 0
}
