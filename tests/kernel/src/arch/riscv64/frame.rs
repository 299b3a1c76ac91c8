// SPDX-License-Identifier: MIT OR Apache-2.0
//! axcpu's trap frame, as axptr looks at it.

use axcpu::TrapFrame;

/// The frame of a fault in kernel code.
#[derive(Debug)]
pub struct Frame<'a>(pub &'a mut TrapFrame);

// SAFETY: (1) to (4) the registers that the trap entry has saved, and restores.
unsafe impl axptr::trap::TrapFrame for Frame<'_> {
    fn pc(&self) -> usize {
        self.0.sepc
    }

    fn set_pc(&mut self, pc: usize) {
        self.0.sepc = pc;
    }

    // The register that `axptr::extable::Landing::REGISTER` names.
    fn set_cause(&mut self, value: usize) {
        self.0.regs.a1 = value;
    }
}

impl Frame<'_> {
    /// Whether the fault interrupted code that ran with interrupts on.
    pub fn irqs_were_on(&self) -> bool {
        // sstatus.SPIE (privileged architecture, "Supervisor Status Register").
        self.0.sstatus.spie()
    }
}
