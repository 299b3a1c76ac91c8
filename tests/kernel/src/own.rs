// SPDX-License-Identifier: MIT OR Apache-2.0
//! A kernel that owns its trap handler needs no vector of axptr's: these lines are all it takes.
//!
//! The frame as axptr looks at it is [`Frame`]. The machine's part is `arch::own`, the kernel's trap entry.
//! That has saved all registers, and read what the machine says of the fault. It leaves the window as the fault has found it.
//! Behind [`handle`] it restores the registers and returns, or goes on to axcpu's handler.

use core::sync::atomic::{AtomicUsize, Ordering};

use axcpu::TrapFrame;
use axhal::asm::{disable_irqs, enable_irqs};
use axptr::trap::{Recovery, Report, TrapFrame as _, recover};

use crate::{broken, fault, frame::Frame};

/// Where the kernel's own next fault goes on, instead of in axcpu's panic; 0 for none.
static GO_ON_AT: AtomicUsize = AtomicUsize::new(0);

/// Decides a fault of kernel code's over data; false if it is none of axptr's.
pub fn handle(frame: &mut TrapFrame, report: Report) -> bool {
    if let Some(defect) = broken::defect() {
        return broken::handle(frame, report, defect);
    }
    let mut frame = Frame(frame);
    let irqs_were_on = frame.irqs_were_on();
    let recovery = recover(&mut frame, report, |addr, access| {
        // The pager may sleep, if the access may.
        if irqs_were_on {
            enable_irqs();
        }
        let repaired = fault::pager(addr, access);
        disable_irqs();
        repaired
    });
    match recovery {
        Recovery::NotOurs => goes_on(&mut frame),
        Recovery::Repaired | Recovery::Landed => true,
    }
}

/// Steps over a fault of the kernel's own that somebody waits for.
fn goes_on(frame: &mut Frame<'_>) -> bool {
    match GO_ON_AT.swap(0, Ordering::Relaxed) {
        0 => false,
        pc => {
            frame.set_pc(pc);
            true
        }
    }
}

/// Makes `f` raise a fault of the kernel's own, and says whether it came here.
pub fn during_own_fault(go_on_at: usize, f: impl FnOnce()) -> bool {
    GO_ON_AT.store(go_on_at, Ordering::Relaxed);
    f();
    GO_ON_AT.swap(0, Ordering::Relaxed) == 0
}
