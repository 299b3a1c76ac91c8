// SPDX-License-Identifier: MIT OR Apache-2.0
//! Traps, and among them the faults of axptr's accesses to user memory.

use aarch64_cpu::registers::{ESR_EL1, FAR_EL1, Readable};
use axptr::trap::{self, Recovery, Report};

use crate::{memory, syscalls};

/// What the trap entry saves and restores.
#[repr(C)]
pub struct TrapFrame {
    pub x: [usize; 31],
    pub elr: usize,
    pub spsr: usize,
}

// SAFETY: (1) to (3) the trap entry saves and restores ELR_EL1 and x1.
unsafe impl trap::TrapFrame for TrapFrame {
    fn pc(&self) -> usize {
        self.elr
    }
    fn set_pc(&mut self, pc: usize) {
        self.elr = pc;
    }
    fn set_cause(&mut self, value: usize) {
        self.x[1] = value;
    }
}

pub extern "C" fn handler(frame: &mut TrapFrame) {
    const SYSTEM_CALL: usize = 0x15;
    let (esr, far) = (ESR_EL1.get() as usize, FAR_EL1.get() as usize);
    let from_user = frame.spsr & 0xf == 0;
    // From user mode a data abort has another number, which differs in this bit.
    let report = Report::aarch64(esr | usize::from(from_user) << 26, far);
    let done = match report {
        Some(report) if from_user => report.access.is_some_and(|access| memory::page_in(far, access)),
        Some(report) => trap::recover(frame, report, memory::page_in) != Recovery::NotOurs,
        None if from_user && esr >> 26 == SYSTEM_CALL => {
            let result = syscalls::call(frame.x[8], &frame.x[..6]);
            frame.x[0] = result.unwrap_or_else(|errno| -errno as usize);
            true
        }
        None => false,
    };
    if from_user && !done {
        syscalls::end_of_the_program(far);
    }
    assert!(done, "trap {esr:#x} at {:#x}, address {far:#x}", frame.elr);
}
