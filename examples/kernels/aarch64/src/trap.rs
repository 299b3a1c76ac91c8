// SPDX-License-Identifier: MIT OR Apache-2.0
//! Traps, and among them the faults of axptr's accesses to user memory.

use core::arch::global_asm;

use aarch64_cpu::registers::{ESR_EL1, FAR_EL1, Readable};
use axptr::Access;
use axptr::trap::{self, OwnFault, Recovery, Report};

use crate::{memory, syscalls};

/// What `trap.S` saves and restores.
#[repr(C)]
pub struct TrapFrame {
    pub x: [usize; 31],
    pub elr: usize,
    pub spsr: usize,
}

global_asm!(include_str!("trap.S"), handler = sym trap_handler);

// SAFETY: (1) to (3) `trap.S` saves ELR_EL1 and x1, and restores them.
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

extern "C" fn trap_handler(frame: &mut TrapFrame) {
    let (esr, far) = (ESR_EL1.get() as usize, FAR_EL1.get() as usize);
    const MODE: usize = 0b1111;
    if frame.spsr & MODE == 0 {
        return user_trap(frame, esr, far);
    }
    if let Some(report) = Report::aarch64(esr, far)
        && (trap::recover(frame, report, memory::page_in) != Recovery::NotOurs || OwnFault::step_over(frame))
    {
        return;
    }
    panic!("trap {esr:#x} at {:#x}, address {far:#x}", frame.elr);
}

fn user_trap(frame: &mut TrapFrame, esr: usize, far: usize) {
    const WRITES: usize = 1 << 6;
    let access = if esr & WRITES == 0 { Access::Read } else { Access::Write };
    match esr >> 26 {
        0x15 => {
            let result = syscalls::call(frame.x[8], &frame.x[..6]);
            frame.x[0] = result.unwrap_or_else(|errno| -errno as usize);
        }
        0x24 if memory::page_in(far, access) => {}
        _ => machine::end_of_the_program(far.wrapping_sub(memory::PROGRAM)),
    }
}

/// Runs the program from its first instruction on.
pub fn run(start: usize) -> ! {
    unsafe extern "C" {
        fn restore(frame: &TrapFrame) -> !;
    }
    const INTERRUPTS_MASKED: usize = 0b1111 << 6;
    let frame = TrapFrame { x: [0; 31], elr: start, spsr: INTERRUPTS_MASKED };
    // SAFETY: nobody needs what is on this stack any more.
    unsafe { restore(&frame) }
}
