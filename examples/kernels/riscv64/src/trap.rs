// SPDX-License-Identifier: MIT OR Apache-2.0
//! Traps, and among them the faults of axptr's accesses to user memory.

use core::arch::global_asm;

use axptr::Access;
use axptr::trap::{self, OwnFault, Recovery, Report};

use crate::{memory, syscalls};

/// What `__alltraps` saves, and `__restore` restores.
#[repr(C)]
pub struct TrapFrame {
    pub x: [usize; 32],
    pub sstatus: usize,
    pub sepc: usize,
}

global_asm!(include_str!("trap.S"), handler = sym trap_handler);

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

extern "C" fn trap_handler(frame: &mut TrapFrame, scause: usize, stval: usize) {
    const SPP: usize = 1 << 8;
    if frame.sstatus & SPP == 0 {
        return user_trap(frame, scause, stval);
    }
    if let Some(report) = Report::riscv64_with_bits(scause, stval, machine::BITS as u32)
        && (trap::recover(frame, report, memory::page_in) != Recovery::NotOurs || OwnFault::step_over(frame))
    {
        return;
    }
    panic!("trap {scause} at {:#x}, address {stval:#x}", frame.sepc);
}

fn user_trap(frame: &mut TrapFrame, scause: usize, stval: usize) {
    match scause {
        8 => {
            frame.sepc += 4;
            let result = syscalls::call(frame.x[17], &frame.x[10..16]);
            frame.x[10] = result.unwrap_or_else(|errno| -errno as usize);
        }
        13 if memory::page_in(stval, Access::Read) => {}
        15 if memory::page_in(stval, Access::Write) => {}
        _ => machine::end_of_the_program(stval.wrapping_sub(memory::PROGRAM)),
    }
}

/// Runs the program from its first instruction on.
pub fn run(start: usize) -> ! {
    unsafe extern "C" {
        fn __restore(frame: &TrapFrame) -> !;
    }
    let frame = TrapFrame { x: [0; 32], sstatus: 0, sepc: start };
    // SAFETY: nobody needs what is on this stack any more.
    unsafe { __restore(&frame) }
}
