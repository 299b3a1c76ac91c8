// SPDX-License-Identifier: MIT OR Apache-2.0
//! A trap entry of the kernel's own, in front of axcpu's.

use core::{
    arch::asm,
    sync::atomic::{AtomicBool, Ordering},
};

use axcpu::TrapFrame;
use axptr::{Access, FaultKind, trap::Report};

use super::{Features, vectors, window};
use crate::own;

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
    // A data abort (Arm ARM D24.2.40). Copy instructions, which have an exception of their own, are used
    // behind axptr's vector only.
    let report = if esr >> 26 & 0x3f == 0x25 { data_abort(frame, esr, far) } else { None };
    report.is_some_and(|report| own::handle(frame, report))
}

/// What the CPU says of a data abort; `None` for what no page explains.
fn data_abort(frame: &TrapFrame, esr: usize, far: usize) -> Option<Report> {
    let kind = match esr & 0x3f {
        0x04..=0x07 if (1 << 48..0xffff << 48).contains(&far) => FaultKind::NonCanonical,
        0x04..=0x07 => FaultKind::NotPresent,
        // A page that permits the access, and no window: the kernel's bug, which no pager can repair.
        0x0c..=0x0f if window_was_closed(frame) && far < axptr::user_limit() => return None,
        0x08..=0x0f => FaultKind::Permission,
        0x10 | 0x13..=0x17 => FaultKind::Physical,
        0x18..=0x1f => FaultKind::Poison,
        0x11 => FaultKind::Tag,
        0x21 => FaultKind::Misaligned,
        _ => FaultKind::Unknown,
    };
    let write = esr & (1 << 6 | 1 << 8) == 1 << 6;
    let access = if write { Access::Write } else { Access::Read };
    let addr = (esr & 1 << 10 == 0).then_some(far);
    Some(Report { access: Some(access), kind, addr, ..Report::default() })
}

/// Whether PAN has refused an access of this kernel's own, which is a plain one. axptr's are unprivileged.
fn window_was_closed(frame: &TrapFrame) -> bool {
    let pc = core::ptr::with_exposed_provenance::<u32>(frame.elr as usize);
    // SAFETY: the CPU has just executed what is there.
    let insn = unsafe { pc.read() };
    let unprivileged = insn & 0x3f20_0c00 == 0x3800_0800;
    Features::of_this_cpu().window && !window::was_open(frame) && !unprivileged
}
