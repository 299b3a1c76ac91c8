// SPDX-License-Identifier: MIT OR Apache-2.0
use axptr::Access;
use axptr::trap::{self, Operands, OwnFault, Recovery, Report, TrapFrame};

pub struct Frame {
    pub rip: usize,
    pub rdx: usize,
    pub rsi: usize,
    pub rdi: usize,
}

// SAFETY: (1) to (4) the registers of the instruction that faulted; it is resumed with them.
unsafe impl TrapFrame for Frame {
    fn pc(&self) -> usize {
        self.rip
    }
    fn set_pc(&mut self, pc: usize) {
        self.rip = pc;
    }
    // The register that `Landing::REGISTER` names.
    fn set_cause(&mut self, value: usize) {
        self.rdx = value;
    }
    // Of `movs`: a #GP has no address.
    fn operands(&self) -> Option<Operands> {
        Some(Operands { read: self.rsi, write: self.rdi })
    }
}

/// #PF in kernel mode. True: resume `frame`. False: the kernel's own bug.
pub fn page_fault(frame: &mut Frame, cr2: usize, error: usize, pager: fn(usize, Access) -> bool) -> bool {
    let Some(report) = Report::x86_64_page_fault(error, cr2) else { return false };
    trap::recover(frame, report, pager) != Recovery::NotOurs || OwnFault::step_over(frame)
}

/// #GP in kernel mode.
pub fn protection_fault(frame: &mut Frame) -> bool {
    let report = Report::x86_64_protection_fault();
    trap::recover(frame, report, |_, _| false) != Recovery::NotOurs
}
