// SPDX-License-Identifier: MIT OR Apache-2.0
//! PAN: pages of user mode are closed to kernel code's privileged accesses while PSTATE.PAN is 1 (Arm ARM
//! D8.4.3.5).

use core::{
    arch::asm,
    sync::atomic::{AtomicBool, Ordering},
};

use super::Features;

const PAN: usize = 1 << 22;

/// Whether [`close`] has to set PAN again.
static WAS_SET: AtomicBool = AtomicBool::new(false);

/// Whether axptr's vector closes the window in front of an interrupt's handler, or nothing is ever open
/// there.
pub const VECTOR_CLOSES_BEFORE_INTERRUPTS: bool = true;

/// Nothing is passed on from inside a window that a case could look at.
pub fn watch_what_is_passed_on() {}

/// Whether the CPU keeps kernel code away from user memory.
pub fn is_enforced() -> bool {
    Features::of_this_cpu().window && pan()
}

/// Makes the CPU do so.
///
/// # Safety
///
/// The CPU has PAN.
// Out of line: the audit follows what its callers do to the window, and this is not done by halves.
#[inline(never)]
pub unsafe fn enforce() {
    set_pan(true);
}

/// Whether user memory is open to kernel code at this moment, on a CPU that could close it.
#[inline(always)]
pub fn is_open() -> bool {
    Features::of_this_cpu().window && !pan()
}

/// Whether it was open to the code of a frame.
pub fn was_open(frame: &crate::line::TrapFrame) -> bool {
    frame.spsr as usize & PAN == 0
}

/// Opens user memory to kernel code until [`close`], on a CPU with or without PAN.
pub fn open() {
    if Features::of_this_cpu().window {
        WAS_SET.store(pan(), Ordering::Relaxed);
        set_pan(false);
    }
}

/// Makes it again what it was before [`open`].
pub fn close() {
    if Features::of_this_cpu().window {
        set_pan(WAS_SET.load(Ordering::Relaxed));
    }
}

/// Calls `f` inside an open window, and says with its result whether the window was still open behind it.
pub fn during<R>(f: impl FnOnce() -> R) -> (R, bool) {
    let has_pan = Features::of_this_cpu().window;
    let was_set = has_pan && pan();
    if was_set {
        set_pan(false);
    }
    let result = f();
    let still_open = is_open();
    if was_set {
        set_pan(true);
    }
    (result, still_open)
}

#[inline(always)]
fn pan() -> bool {
    let state: usize;
    // SAFETY: reads PSTATE.PAN, which the callers know to exist.
    unsafe { asm!("mrs {}, s3_0_c4_c2_3", out(reg) state, options(nostack)) };
    state & PAN != 0
}

fn set_pan(on: bool) {
    let state = if on { PAN } else { 0 };
    // SAFETY: sets PSTATE.PAN, which the callers know to exist.
    unsafe { asm!("msr s3_0_c4_c2_3, {}", in(reg) state, options(nostack)) };
}
