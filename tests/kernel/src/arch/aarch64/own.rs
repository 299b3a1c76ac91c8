// SPDX-License-Identifier: MIT OR Apache-2.0
//! A trap entry of the kernel's own, in front of axcpu's.

use core::{
    arch::asm,
    sync::atomic::{AtomicBool, Ordering},
};

use axptr::trap::Report;

use super::{Features, vectors, window};
use crate::{line::TrapFrame, own};

pub(super) static HAS_WINDOW: AtomicBool = AtomicBool::new(false);

unsafe extern "C" {
    static kernel_own_table: u8;
}

/// Puts the entry in front of this CPU's.
pub fn install() {
    HAS_WINDOW.store(Features::of_this_cpu().window, Ordering::Relaxed);
    if vectors::current() == Some(vectors::Next::Axcpu) {
        // SAFETY: the entry sends on what it does not decide.
        unsafe { vectors::set_table((&raw const kernel_own_table).addr()) };
    }
}

/// What the entry calls, with the window closed and interrupts off.
pub(super) extern "C" fn decide(frame: &mut TrapFrame) -> bool {
    let (esr, far): (usize, usize);
    // SAFETY: reads a register; nothing has faulted since.
    unsafe { asm!("mrs {}, esr_el1", out(reg) esr, options(nomem, nostack)) };
    // SAFETY: as above.
    unsafe { asm!("mrs {}, far_el1", out(reg) far, options(nomem, nostack)) };
    // Copy instructions, which have an exception of their own, are used behind axptr's vector only.
    let report = Report::aarch64(esr, far);
    let report = report.map(|report| Report { window_closed: window_was_closed(frame), ..report });
    report.is_some_and(|report| own::handle(frame, report))
}

/// Whether PAN refuses what was accessed: an access of this kernel's own is a plain one. axptr's are unprivileged.
fn window_was_closed(frame: &TrapFrame) -> bool {
    let pc = core::ptr::with_exposed_provenance::<u32>(frame.elr as usize);
    // SAFETY: the CPU has just executed what is there.
    let insn = unsafe { pc.read() };
    let unprivileged = insn & 0x3f20_0c00 == 0x3800_0800;
    Features::of_this_cpu().window && !window::was_open(frame) && !unprivileged
}
