// SPDX-License-Identifier: MIT OR Apache-2.0
//! The counter in front of the exception entry.
//!
//! Knows nothing of axptr, and sends each exception and each interrupt on with all registers as the CPU left
//! them.

use core::{
    arch::global_asm,
    sync::atomic::{AtomicUsize, Ordering},
};

use super::entry::{entry, pass_on, set_entry};
use crate::traps::{self, Class};

static NEXT: AtomicUsize = AtomicUsize::new(0);

/// Puts the counter in front of this CPU's entry; all CPUs have the same.
pub fn put_in_front() {
    let (former, counter) = (entry(), kernel_count as *const () as usize);
    if former != counter {
        NEXT.store(former, Ordering::Relaxed);
        // SAFETY: the counter begins a page and sends every exception on to the former entry.
        unsafe { set_entry(counter) };
    }
}

/// Of the faults, those over data (Reference Manual vol. 1, chapter 7, ESTAT).
extern "C" fn count(pc: usize, estat: usize) {
    let class = match (estat >> 16 & 0x3f, estat >> 22 & 0x1ff) {
        // Invalid for a load or a store, not writable, not readable, for another level.
        (1 | 2 | 4 | 5 | 7, _) => Class::Page,
        // An address error of a load or a store, and a misaligned one.
        (8, 1) | (9, _) => Class::OutOfReach,
        _ => return,
    };
    traps::record(pc, class);
}

unsafe extern "C" {
    fn kernel_count();
}

// This kernel runs no user code, so the stack is the kernel's.
global_asm!(
    ".macro kernel_count_each op",
    ".irp n, 1,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20",
    "\\op $r\\n, $sp, 8 * \\n",
    ".endr",
    ".endm",
    ".pushsection .text.kernel_count, \"ax\", @progbits",
    ".balign 4096",
    ".global kernel_count",
    "kernel_count:",
    "addi.d $sp, $sp, -176",
    "kernel_count_each st.d",
    "csrrd $a0, 0x6", // ERA
    "csrrd $a1, 0x5", // ESTAT
    "bl {count}",
    "kernel_count_each ld.d",
    "addi.d $sp, $sp, 176",
    "csrwr $t0, 0x36", // SAVE6
    "la.pcrel $t0, {next}",
    "ld.d $t0, $t0, 0",
    pass_on!("0x36"),
    ".popsection",
    count = sym count,
    next = sym NEXT,
);
