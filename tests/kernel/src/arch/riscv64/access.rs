// SPDX-License-Identifier: MIT OR Apache-2.0
//! The instructions of [`access`](crate::access), and what axcpu calls their faults.

/// A page fault like any other.
pub use crate::access::unhandled_fault as unhandled_out_of_reach;
use crate::{access::tries, asm::function};

/// axcpu's name of a page fault.
pub const PAGE_FAULT: &str = "Supervisor Page Fault";

function!(kernel_store: "sb zero, 0(a0)");
function!(kernel_load: "lbu a0, 0(a0)");
function!(kernel_try_store, write: "mv a2, a1", "li a1, 0", "2: sb a2, 0(a0)", "3: mv a0, a1");

tries! {
    cause: "a1", clear: "li a1, 0", load: "lbu {value}, 0({addr})",
    /// Adds 1 to the word at user address `addr`, inside the window, and returns the cause if it could not.
    try_add = kernel_try_add, read_write: [
        "li a1, 0",
        "li a2, 1",
        ".option push",
        ".option arch, +a", // not passed on to blocks like this one
        "2: amoadd.w a3, a2, (a0)",
        ".option pop",
        "3: mv a0, a1",
    ],
    /// Loads the word at user address `addr` to reserve it, inside the window, and returns the cause if it could
    /// not.
    try_reserve = kernel_try_reserve, read: [
        "li a1, 0",
        ".option push",
        ".option arch, +a",
        "2: lr.w a3, (a0)",
        ".option pop",
        "3: mv a0, a1",
    ],
}
