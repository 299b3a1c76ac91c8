// SPDX-License-Identifier: MIT OR Apache-2.0
//! axcpu's trap frame, as axptr looks at it.

use axcpu::TrapFrame;

/// The frame of a fault in kernel code.
#[derive(Debug)]
pub struct Frame<'a>(pub &'a mut TrapFrame);

// SAFETY: (1) to (4) the registers that the trap entry has saved, and restores.
unsafe impl axptr::trap::TrapFrame for Frame<'_> {
    fn pc(&self) -> usize {
        self.0.elr as usize
    }

    fn set_pc(&mut self, pc: usize) {
        self.0.elr = pc as u64;
    }

    // The register that `axptr::extable::Landing::REGISTER` names.
    fn set_cause(&mut self, value: usize) {
        self.0.x[1] = value as u64;
    }
}

impl Frame<'_> {
    /// Whether the fault interrupted code that ran with interrupts on.
    pub fn irqs_were_on(&self) -> bool {
        // SPSR_EL1.I masks them (Arm ARM, C5.2.19).
        self.0.spsr & 1 << 7 == 0
    }
}
