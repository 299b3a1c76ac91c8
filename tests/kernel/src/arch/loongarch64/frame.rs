// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is where in axcpu's frame.

use axcpu::TrapFrame;

crate::frame::fields!(pc: era, cause: [regs.a1]);

/// PRMD.PIE (reference manual vol. 1, 7.4.2).
pub fn irqs_were_on(frame: &TrapFrame) -> bool {
    frame.prmd & 1 << 2 != 0
}
