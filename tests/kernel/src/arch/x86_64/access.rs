// SPDX-License-Identifier: MIT OR Apache-2.0
//! The instructions of [`access`](crate::access), and what axcpu calls their faults.

use alloc::{format, string::String};

use crate::{access::tries, asm::function};

/// axcpu's name of a page fault.
pub const PAGE_FAULT: &str = "#PF";

/// What axcpu says of an access at `pc` to an address that no page table can map.
pub fn unhandled_out_of_reach(pc: usize, _addr: usize) -> String {
    format!("#GP @ {pc:#x}, error_code=0x0")
}

function!(kernel_store: "mov byte ptr [rdi], 0");
function!(kernel_load: "mov al, byte ptr [rdi]");
function!(kernel_try_store, write: "xor edx, edx", "2: mov byte ptr [rdi], sil", "3: mov rax, rdx");

tries! {
    cause: "rdx", clear: "xor edx, edx", load: "mov {value:l}, byte ptr [{addr}]",
}
