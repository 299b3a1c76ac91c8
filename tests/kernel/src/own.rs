// SPDX-License-Identifier: MIT OR Apache-2.0
//! A kernel that owns its trap handler needs no vector of axptr's: these lines are all it takes.
//!
//! The frame as axptr looks at it is [`Frame`]. The machine's part is `arch::own`, the kernel's trap entry.
//! That has saved all registers, and read what the machine says of the fault. It leaves the window as the fault has found it.
//! Behind [`handle`] it restores the registers and returns, or goes on to axcpu's handler.

use axptr::trap::{OwnFault, Recovery, Report, recover, recover_in};

use crate::{
    broken, fault,
    frame::Frame,
    line::{
        TrapFrame,
        asm::{disable_irqs, enable_irqs},
    },
    module,
};

/// Decides a fault of kernel code's over data; false if it is none of axptr's.
pub fn handle(frame: &mut TrapFrame, report: Report) -> bool {
    if let Some(defect) = broken::defect() {
        return broken::handle(frame, report, defect);
    }
    let mut frame = Frame(frame);
    let irqs_were_on = frame.irqs_were_on();
    let pager = |addr, access| {
        // The pager may sleep, if the access may.
        if irqs_were_on {
            enable_irqs();
        }
        let repaired = fault::pager(addr, access);
        disable_irqs();
        repaired
    };
    let mut recovery = recover(&mut frame, report, pager);
    if recovery == Recovery::NotOurs
        && let Some(module) = module::table()
    {
        recovery = recover_in(&module, &mut frame, report, pager);
    }
    match recovery {
        Recovery::NotOurs => OwnFault::step_over(&mut frame),
        Recovery::Repaired | Recovery::Landed => true,
    }
}
