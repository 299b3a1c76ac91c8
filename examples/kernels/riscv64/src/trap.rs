// SPDX-License-Identifier: MIT OR Apache-2.0
//! Traps, and among them the faults of axptr's accesses to user memory.

use axptr::trap::{self, Recovery, Report};

use crate::{memory, syscalls};

/// What `__alltraps` saves, and `__restore` restores.
#[repr(C)]
pub struct TrapFrame {
    pub x: [usize; 32],
    pub sstatus: usize,
    pub sepc: usize,
}

// SAFETY: (1) to (3) `__alltraps` saves sepc and x11, which is a1, and `__restore` restores them.
unsafe impl trap::TrapFrame for TrapFrame {
    fn pc(&self) -> usize {
        self.sepc
    }
    fn set_pc(&mut self, pc: usize) {
        self.sepc = pc;
    }
    fn set_cause(&mut self, value: usize) {
        self.x[11] = value;
    }
}

pub extern "C" fn handler(frame: &mut TrapFrame, scause: usize, stval: usize) {
    const SPP: usize = 1 << 8;
    let done =
        match (frame.sstatus & SPP, scause, Report::riscv64_with_bits(scause, stval, memory::BITS as u32)) {
            (SPP, _, Some(report)) => trap::recover(frame, report, memory::page_in) != Recovery::NotOurs,
            (0, _, Some(report)) => report.access.is_some_and(|access| memory::page_in(stval, access)),
            (0, 8, _) => {
                frame.sepc += 4;
                frame.x[10] =
                    syscalls::call(frame.x[17], &frame.x[10..16]).unwrap_or_else(|errno| -errno as usize);
                true
            }
            _ => false,
        };
    if !done && frame.sstatus & SPP == 0 {
        syscalls::end_of_the_program(stval);
    }
    assert!(done, "trap {scause} at {:#x}, address {stval:#x}", frame.sepc);
}
