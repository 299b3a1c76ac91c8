// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is where in axcpu's frame.

use axcpu::TrapFrame;

crate::frame::fields!(pc: sepc, cause: [regs.a1]);

/// sstatus.SPIE (privileged architecture, "Supervisor Status Register").
pub fn irqs_were_on(frame: &TrapFrame) -> bool {
    frame.sstatus.spie()
}
