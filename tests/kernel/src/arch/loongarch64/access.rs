// SPDX-License-Identifier: MIT OR Apache-2.0
//! The instructions of [`access`](crate::access), and what axcpu calls their faults.

use alloc::{format, string::String};

use crate::{access::tries, asm::function};

/// axcpu's name of a page fault.
pub const PAGE_FAULT: &str = "PLV0 Page Fault";

/// What axcpu says of an access at `pc` to an address that no page table can map.
pub fn unhandled_out_of_reach(pc: usize, _addr: usize) -> String {
    format!("Unhandled trap Exception(MemoryAccessAddressError) @ {pc:#x}")
}

function!(kernel_store: "st.b $zero, $a0, 0");
function!(kernel_load: "ld.bu $a0, $a0, 0");
function!(kernel_try_store, write: "move $a2, $a1", "move $a1, $zero", "2: st.b $a2, $a0, 0", "3: move $a0, $a1");

tries! {
    cause: "$a1", clear: "move $a1, $zero", load: "ld.bu {value}, {addr}, 0",
    /// Adds 1 to the word at user address `addr`, and returns the cause if it could not.
    try_add = kernel_try_add, read_write: [
        "move $a1, $zero",
        "ori $a2, $zero, 1",
        "2: amadd.w $a3, $a2, $a0",
        "3: move $a0, $a1",
    ],
}
