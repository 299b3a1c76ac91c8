// SPDX-License-Identifier: MIT OR Apache-2.0
//! There is none: kernel code reaches user pages at any time.

/// Whether axptr's vector closes the window in front of an interrupt's handler, or nothing is ever open
/// there.
pub const VECTOR_CLOSES_BEFORE_INTERRUPTS: bool = true;

/// Nothing is passed on from inside a window that a case could look at.
pub fn watch_what_is_passed_on() {}

/// Never.
pub fn is_enforced() -> bool {
    false
}

/// Must not be called.
///
/// # Safety
///
/// None can be had.
// Out of line: the audit follows what its callers do to the window, and this is not done by halves.
#[inline(never)]
pub unsafe fn enforce() {
    unreachable!("this machine cannot close user memory to the kernel");
}

/// Never: there is nothing that could be open.
pub fn is_open() -> bool {
    false
}

/// Nothing to open.
pub fn open() {}

/// Nothing to close.
pub fn close() {}

/// Calls `f`; nothing was open meanwhile.
pub fn during<R>(f: impl FnOnce() -> R) -> (R, bool) {
    (f(), false)
}
