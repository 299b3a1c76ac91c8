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
    ".macro kernel_count_restore",
    "ld ra, 0(sp)",
    "ld a0, 8(sp)",
    "ld a1, 16(sp)",
    "ld a2, 24(sp)",
    "ld a3, 32(sp)",
    "ld a4, 40(sp)",
    "ld a5, 48(sp)",
    "ld a6, 56(sp)",
    "ld a7, 64(sp)",
    "ld t0, 72(sp)",
    "ld t1, 80(sp)",
    "ld t2, 88(sp)",
    "ld t3, 96(sp)",
    "ld t4, 104(sp)",
    "ld t5, 112(sp)",
    "ld t6, 120(sp)",
    "addi sp, sp, 128",
    ".endm",
    ".pushsection .text.kernel_count, \"ax\", @progbits",
    ".balign 4",
    ".global kernel_count",
    "kernel_count:",
    "addi sp, sp, -128",
    "sd ra, 0(sp)",
    "sd a0, 8(sp)",
    "sd a1, 16(sp)",
    "sd a2, 24(sp)",
    "sd a3, 32(sp)",
    "sd a4, 40(sp)",
    "sd a5, 48(sp)",
    "sd a6, 56(sp)",
    "sd a7, 64(sp)",
    "sd t0, 72(sp)",
    "sd t1, 80(sp)",
    "sd t2, 88(sp)",
    "sd t3, 96(sp)",
    "sd t4, 104(sp)",
    "sd t5, 112(sp)",
    "sd t6, 120(sp)",
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
