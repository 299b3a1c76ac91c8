// SPDX-License-Identifier: MIT OR Apache-2.0
//! axcpu's trap frame, as axptr looks at it.

use axcpu::TrapFrame;
use axptr::trap::Operands;

const RFLAGS_IF: u64 = 1 << 9;

/// The frame of a fault in kernel code.
#[derive(Debug)]
pub struct Frame<'a>(pub &'a mut TrapFrame);

// SAFETY: (1) to (4) the registers that the trap entry has saved, and restores.
unsafe impl axptr::trap::TrapFrame for Frame<'_> {
    fn pc(&self) -> usize {
        self.0.rip as usize
    }

    fn set_pc(&mut self, pc: usize) {
        self.0.rip = pc as u64;
    }

    // The register that `axptr::extable::Landing::REGISTER` names.
    fn set_cause(&mut self, value: usize) {
        self.0.rdx = value as u64;
    }

    // What `movs` reads and writes.
    fn operands(&self) -> Option<Operands> {
        Some(Operands { read: self.0.rsi as usize, write: self.0.rdi as usize })
    }
}

impl Frame<'_> {
    /// Whether the fault interrupted code that ran with interrupts on.
    pub fn irqs_were_on(&self) -> bool {
        self.0.rflags & RFLAGS_IF != 0
    }
}
