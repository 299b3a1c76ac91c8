// SPDX-License-Identifier: MIT OR Apache-2.0
//! The counter in front of the trap entry.
//!
//! Sends each trap on with all registers as the CPU left them. A jump without a register must know its target
//! at link time, so this one knows all entries that may be behind it by their names.

use core::{
    arch::global_asm,
    sync::atomic::{AtomicUsize, Ordering},
};

use super::entry::{entry, set_entry};
use crate::traps::{self, Class};

/// Which of [`entries`] is behind the counter.
static NEXT: AtomicUsize = AtomicUsize::new(0);

/// Puts the counter in front of this CPU's entry; all CPUs have the same.
///
/// # Panics
///
/// Panics if an entry is there that it does not know.
pub fn put_in_front() {
    let (former, counter) = (entry(), kernel_count as *const () as usize);
    if former != counter {
        let next = entries().iter().position(|&entry| entry == former);
        NEXT.store(next.expect("an entry that the counter knows"), Ordering::Relaxed);
        // SAFETY: the counter sends every trap on to the former entry.
        unsafe { set_entry(counter) };
    }
}

/// In the order in which the counter compares.
fn entries() -> [usize; 3] {
    [trap_vector_base as *const (), __axptr_vector as *const (), super::own::kernel_own as *const ()]
        .map(|entry| entry as usize)
}

/// Of the traps, those over data (Privileged ISA, "scause").
extern "C" fn count(pc: usize, cause: usize) {
    let class = match cause {
        // Misaligned loads and stores, and those that no memory answers.
        4..=7 => Class::OutOfReach,
        13 | 15 => Class::Page,
        _ => return,
    };
    traps::record(pc, class);
}

unsafe extern "C" {
    fn kernel_count();
    fn trap_vector_base();
    fn __axptr_vector();
}

// This kernel runs no user code, so the stack is the kernel's.
global_asm!(
    ".macro kernel_count_each op",
    ".irp n, 1,5,6,7,10,11,12,13,14,15,16,17,28,29,30,31",
    "\\op x\\n, 8 * \\n(sp)",
    ".endr",
    ".endm",
    ".macro kernel_count_restore",
    "kernel_count_each ld",
    "addi sp, sp, 256",
    ".endm",
    ".pushsection .text.kernel_count, \"ax\", @progbits",
    ".balign 4",
    ".global kernel_count",
    "kernel_count:",
    "addi sp, sp, -256",
    "kernel_count_each sd",
    "csrr a0, sepc",
    "csrr a1, scause",
    "call {count}",
    "la t0, {next}",
    "ld t0, 0(t0)",
    "beqz t0, 2f",
    "addi t0, t0, -1",
    "beqz t0, 3f",
    "kernel_count_restore",
    "j kernel_own",
    "2: kernel_count_restore",
    "j trap_vector_base",
    "3: kernel_count_restore",
    "j __axptr_vector",
    ".popsection",
    count = sym count,
    next = sym NEXT,
);
