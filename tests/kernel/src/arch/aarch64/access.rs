// SPDX-License-Identifier: MIT OR Apache-2.0
//! The instructions of [`access`](crate::access), and what axcpu calls their faults.

/// A page fault like any other.
pub use crate::access::unhandled_fault as unhandled_out_of_reach;
use crate::{access::tries, asm::function};

/// axcpu's name of a page fault.
pub const PAGE_FAULT: &str = "Page Fault";

function!(kernel_store: "strb wzr, [x0]");
function!(kernel_load: "ldrb w0, [x0]");
function!(kernel_try_store, write: "mov w2, w1", "mov x1, xzr", "2: strb w2, [x0]", "3: mov x0, x1");

tries! {
    cause: "x1", clear: "mov x1, xzr", load: "ldrb {value:w}, [{addr}]",
}
