// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is where in axcpu's frame.

use axcpu::TrapFrame;

crate::frame::fields!(pc: elr, cause: [x[1]]);

/// SPSR_EL1.I masks them (Arm ARM, C5.2.19).
pub fn irqs_were_on(frame: &TrapFrame) -> bool {
    frame.spsr & 1 << 7 == 0
}
