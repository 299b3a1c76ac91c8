// SPDX-License-Identifier: MIT OR Apache-2.0
//! The vector table of this CPU (Arm ARM D1.3.1), and tables of this kernel's own.
//!
//! No register is free when an exception is taken, so a table goes on to the next by direct branches: there
//! is one for each table that may be the next.

use core::arch::{asm, global_asm};

/// Where the table is.
pub fn table() -> usize {
    let addr;
    // SAFETY: reads a register.
    unsafe { asm!("mrs {}, vbar_el1", out(reg) addr, options(nomem, nostack)) };
    addr
}

/// Puts the table elsewhere.
///
/// # Safety
///
/// `addr` is a table that takes every exception in the way of the former one.
pub unsafe fn set_table(addr: usize) {
    // SAFETY: the caller vouches for the address.
    unsafe { asm!("msr vbar_el1, {}", "isb", in(reg) addr, options(nostack)) };
}

/// What may be in front of axcpu's table, and axcpu's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    Axptr,
    Own,
    Axcpu,
}

/// Which table it is that the CPU uses now; `None` for the counter's.
pub fn current() -> Option<Next> {
    let tables = [
        (Next::Axptr, &raw const __axptr_vector),
        (Next::Own, &raw const kernel_own_table),
        (Next::Axcpu, &raw const exception_vector_base),
    ];
    tables.into_iter().find(|(_, start)| start.addr() == table()).map(|(next, _)| next)
}

// Each line's axcpu calls its table by another name, and axptr has a table in front of each.
unsafe extern "C" {
    #[cfg_attr(feature = "living", link_name = "__axptr_vector_living")]
    static __axptr_vector: u8;
    static kernel_own_table: u8;
    #[cfg_attr(feature = "living", link_name = "__ax_cpu_vector_el1")]
    static exception_vector_base: u8;
}

/// The bytes that a counter takes from the stack: x0-x18, x30.
const SAVED: usize = 160;

// kernel_table: a table whose slot for synchronous exceptions of kernel code branches to `sync`, the others
// to the same slots of `next`.
// kernel_each, kernel_rest: saves or restores registers, in the places that axcpu's frame has for them.
global_asm!(
    ".macro kernel_table name, sync, next",
    ".balign 2048",
    ".global \\name",
    "\\name:",
    ".set kernel_slot, 0",
    ".rept 16",
    ".balign 128",
    ".if kernel_slot == 4",
    "b \\sync",
    ".else",
    "b \\next + kernel_slot * 128",
    ".endif",
    ".set kernel_slot, kernel_slot + 1",
    ".endr",
    ".balign 128",
    ".endm",
    ".macro kernel_each op",
    "\\op x2, x3, [sp, 16]",
    "\\op x4, x5, [sp, 32]",
    "\\op x6, x7, [sp, 48]",
    "\\op x8, x9, [sp, 64]",
    "\\op x10, x11, [sp, 80]",
    "\\op x12, x13, [sp, 96]",
    "\\op x14, x15, [sp, 112]",
    "\\op x16, x17, [sp, 128]",
    ".endm",
    // Each counter counts, and goes on.
    ".macro kernel_counter name, next",
    ".Lcount_\\name:",
    "sub sp, sp, {saved}",
    "stp x0, x1, [sp]",
    "kernel_each stp",
    "stp x18, x30, [sp, 144]",
    "mrs x0, elr_el1",
    "mrs x1, esr_el1",
    "bl {count}",
    "ldp x18, x30, [sp, 144]",
    "kernel_each ldp",
    "ldp x0, x1, [sp]",
    "add sp, sp, {saved}",
    "b \\next + 4 * 128",
    "kernel_table \\name, .Lcount_\\name, \\next",
    ".endm",
    ".pushsection .text.kernel_count, \"ax\", @progbits",
    "kernel_counter kernel_count_axptr, {axptr}",
    "kernel_counter kernel_count_own, kernel_own_table",
    "kernel_counter kernel_count_axcpu, {axcpu}",
    ".popsection",
    // The kernel's own trap entry, which builds axcpu's frame.
    ".macro kernel_rest op",
    "\\op x18, x19, [sp, 144]",
    "\\op x20, x21, [sp, 160]",
    "\\op x22, x23, [sp, 176]",
    "\\op x24, x25, [sp, 192]",
    "\\op x26, x27, [sp, 208]",
    "\\op x28, x29, [sp, 224]",
    ".endm",
    ".macro kernel_own_restore",
    "ldr x30, [sp, 240]",
    "kernel_rest ldp",
    "kernel_each ldp",
    "ldp x0, x1, [sp]",
    "add sp, sp, {frame}",
    ".endm",
    ".pushsection .text.kernel_own, \"ax\", @progbits",
    ".Lown:",
    "sub sp, sp, {frame}",
    "stp x0, x1, [sp]",
    "kernel_each stp",
    "kernel_rest stp",
    "str x30, [sp, 240]",
    "mrs x1, elr_el1",
    "mrs x2, spsr_el1",
    "stp x1, x2, [sp, 248]",
    // An exception leaves PAN as it was (SCTLR_EL1.SPAN is 1).
    "adrp x1, {has_window}",
    "ldrb w1, [x1, :lo12:{has_window}]",
    "cbz w1, 2f",
    ".inst 0xd500419f", // msr pan, #1
    "2: mov x0, sp",
    "bl {decide}",
    "ldp x1, x2, [sp, 248]",
    "msr elr_el1, x1",
    "msr spsr_el1, x2",
    "cbz w0, 3f",
    "kernel_own_restore",
    "eret",
    // The next entry finds PAN as the exception left it: bit 22 of SPSR.
    "3: adrp x1, {has_window}",
    "ldrb w1, [x1, :lo12:{has_window}]",
    "cbz w1, 4f",
    "msr s3_0_c4_c2_3, x2",
    "4: kernel_own_restore",
    "b {axcpu} + 4 * 128",
    "kernel_table kernel_own_table, .Lown, {axcpu}",
    ".popsection",
    axptr = sym __axptr_vector,
    axcpu = sym exception_vector_base,
    saved = const SAVED,
    count = sym super::counter::count,
    frame = const size_of::<crate::line::TrapFrame>(),
    has_window = sym super::own::HAS_WINDOW,
    decide = sym super::own::decide,
);
