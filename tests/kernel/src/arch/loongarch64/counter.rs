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
    ".pushsection .text.kernel_count, \"ax\", @progbits",
    ".balign 4096",
    ".global kernel_count",
    "kernel_count:",
    "addi.d $sp, $sp, -160",
    "st.d $ra, $sp, 0",
    "st.d $a0, $sp, 8",
    "st.d $a1, $sp, 16",
    "st.d $a2, $sp, 24",
    "st.d $a3, $sp, 32",
    "st.d $a4, $sp, 40",
    "st.d $a5, $sp, 48",
    "st.d $a6, $sp, 56",
    "st.d $a7, $sp, 64",
    "st.d $t0, $sp, 72",
    "st.d $t1, $sp, 80",
    "st.d $t2, $sp, 88",
    "st.d $t3, $sp, 96",
    "st.d $t4, $sp, 104",
    "st.d $t5, $sp, 112",
    "st.d $t6, $sp, 120",
    "st.d $t7, $sp, 128",
    "st.d $t8, $sp, 136",
    "csrrd $a0, 0x6", // ERA
    "csrrd $a1, 0x5", // ESTAT
    "bl {count}",
    "ld.d $ra, $sp, 0",
    "ld.d $a0, $sp, 8",
    "ld.d $a1, $sp, 16",
    "ld.d $a2, $sp, 24",
    "ld.d $a3, $sp, 32",
    "ld.d $a4, $sp, 40",
    "ld.d $a5, $sp, 48",
    "ld.d $a6, $sp, 56",
    "ld.d $a7, $sp, 64",
    "ld.d $t0, $sp, 72",
    "ld.d $t1, $sp, 80",
    "ld.d $t2, $sp, 88",
    "ld.d $t3, $sp, 96",
    "ld.d $t4, $sp, 104",
    "ld.d $t5, $sp, 112",
    "ld.d $t6, $sp, 120",
    "ld.d $t7, $sp, 128",
    "ld.d $t8, $sp, 136",
    "addi.d $sp, $sp, 160",
    "csrwr $t0, 0x36", // SAVE6
    "la.pcrel $t0, {next}",
    "ld.d $t0, $t0, 0",
    pass_on!("0x36"),
    ".popsection",
    count = sym count,
    next = sym NEXT,
);
