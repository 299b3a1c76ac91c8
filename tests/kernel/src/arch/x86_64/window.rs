// SPDX-License-Identifier: MIT OR Apache-2.0
//! SMAP: user memory is closed to kernel code while RFLAGS.AC is 0 (SDM vol. 3, 4.6.1).

use core::arch::asm;

const CR4_SMAP: usize = 1 << 21;
const RFLAGS_AC: usize = 1 << 18;

/// Whether axptr's vector closes the window in front of an interrupt's handler, or nothing is ever open there.
pub const VECTOR_CLOSES_BEFORE_INTERRUPTS: bool = true;

/// Whether the CPU keeps kernel code away from user memory outside a window.
pub fn is_enforced() -> bool {
    super::cr4() & CR4_SMAP != 0
}

/// Makes the CPU enforce it.
///
/// # Safety
///
/// The CPU has SMAP.
// Out of line: the audit follows what its callers do to the window, and this is not done by halves.
#[inline(never)]
pub unsafe fn enforce() {
    // SAFETY: the bit is defined on this CPU; kernel code touches user memory inside windows only.
    unsafe { super::set_cr4(super::cr4() | CR4_SMAP) };
}

/// Whether user memory is open to kernel code at this moment.
#[inline(always)]
pub fn is_open() -> bool {
    let flags: usize;
    // SAFETY: pushes and pops one word.
    unsafe { asm!("pushfq", "pop {}", out(reg) flags) };
    is_open_in(flags)
}

/// Whether it was open with these flags.
#[inline(always)]
pub fn is_open_in(flags: usize) -> bool {
    flags & RFLAGS_AC != 0
}

/// Puts a handler behind axptr's vector, which is installed next, that sees what the vector passes on.
pub fn watch_what_is_passed_on() {
    super::witness::install();
}

/// Whether it was open to the code of a frame.
pub fn was_open(frame: &crate::line::TrapFrame) -> bool {
    frame.rflags as usize & RFLAGS_AC != 0
}

/// Opens user memory to kernel code until [`close`], on a CPU with or without SMAP.
pub fn open() {
    if super::Features::of_this_cpu().window {
        // SAFETY: the CPU has SMAP; without alignment checks in ring 0, AC does nothing else.
        unsafe { asm!("stac", options(nostack)) };
    }
}

/// Closes it again.
pub fn close() {
    if super::Features::of_this_cpu().window {
        // SAFETY: the CPU has SMAP.
        unsafe { asm!("clac", options(nostack)) };
    }
}

/// Calls `f` inside an open window, and says with its result whether the window was still open behind it.
pub fn during<R>(f: impl FnOnce() -> R) -> (R, bool) {
    open();
    let result = f();
    let still_open = is_open();
    close();
    (result, still_open)
}

/// Calls `f` with the flag that means an open window set or clear, and says what it was behind `f`.
///
/// For CPUs without SMAP, which have the flag as well.
pub fn with_flag<R>(open: bool, f: impl FnOnce() -> R) -> (R, bool) {
    let outer = is_open();
    set_flag(open);
    let result = f();
    let inner = is_open();
    set_flag(outer);
    (result, inner)
}

fn set_flag(open: bool) {
    // SAFETY: changes AC only, which does nothing in ring 0 on a CPU without SMAP.
    unsafe {
        asm!(
            "pushfq",
            "and qword ptr [rsp], {mask}",
            "or qword ptr [rsp], {flag}",
            "popfq",
            mask = const !(RFLAGS_AC as i32),
            flag = in(reg) if open { RFLAGS_AC } else { 0 },
        );
    }
}
