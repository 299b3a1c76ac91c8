// SPDX-License-Identifier: MIT OR Apache-2.0
//! The faults of the self test: see `arch::operation`.

use core::arch::asm;

use crate::arch::{
    entry::{ECHO, INLINED, NOFAULT, QUIET, READ, REHEARSED, STRICT, WRITE},
    operation::{Gets, Operation},
};

const RSI: usize = 6;
const RDI: usize = 7;
const RCX: usize = 1;

/// The number of general registers.
pub(crate) const COUNT: usize = 16;
/// A value for each, in the machine's order.
pub(crate) type Registers = [usize; COUNT];

/// The names; the stack pointer gets no value.
pub(crate) const NAMES: [&str; COUNT] = [
    "rax", "rcx", "rdx", "rbx", "", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
];
/// The register of the cause: rdx.
pub(crate) const CAUSE: usize = 2;
/// The place of rsp.
pub(crate) const END: usize = 4;

/// The string instruction has two sides, and must be told apart by the address or the access.
pub(crate) const OPERATIONS: &[Operation] = &[
    Operation::of_user_memory(READ, RSI),
    Operation::of_user_memory(READ, RSI),
    Operation { access: READ, user: RSI, copy: Some((RDI, RCX)), gets: Gets::Cause },
    Operation::of_user_memory(WRITE, RDI),
    Operation { access: WRITE, user: RDI, copy: Some((RSI, RCX)), gets: Gets::Cause },
    Operation::of_user_memory(READ, RSI).that_gets(Gets::Nothing),
    Operation::of_user_memory(READ, RSI).that_gets(Gets::Address),
];

/// Executes an instruction with all registers known.
///
/// # Safety
///
/// 1. `operation` is an index of [`OPERATIONS`], whose registers hold what it says: a user address, and for a copy a
///    kernel address that is valid for the bytes.
#[inline]
pub(crate) unsafe fn fault(operation: usize, registers: &mut Registers) {
    macro_rules! execute {
        ($insn:literal, $flags:expr) => {
            // SAFETY: by (1), the instruction accesses user memory, or the kernel memory that it names. All registers are
            // operands, or saved and restored here.
            unsafe {
                asm!(
                    "push rbx", "push rbp", "push rax",
                    "mov rcx, [rax + 8]", "mov rdx, [rax + 16]", "mov rbx, [rax + 24]", "mov rbp, [rax + 40]",
                    "mov rsi, [rax + 48]", "mov rdi, [rax + 56]", "mov r8, [rax + 64]", "mov r9, [rax + 72]",
                    "mov r10, [rax + 80]", "mov r11, [rax + 88]", "mov r12, [rax + 96]", "mov r13, [rax + 104]",
                    "mov r14, [rax + 112]", "mov r15, [rax + 120]", "mov rax, [rax]",
                    concat!("2: ", $insn),
                    "push 1",
                    "jmp 4f",
                    "3: push 0",
                    "4: push rax",
                    "mov rax, [rsp + 16]",
                    "mov [rax + 8], rcx", "mov [rax + 16], rdx", "mov [rax + 24], rbx", "mov [rax + 40], rbp",
                    "mov [rax + 48], rsi", "mov [rax + 56], rdi", "mov [rax + 64], r8", "mov [rax + 72], r9",
                    "mov [rax + 80], r10", "mov [rax + 88], r11", "mov [rax + 96], r12", "mov [rax + 104], r13",
                    "mov [rax + 112], r14", "mov [rax + 120], r15",
                    "pop rcx", "mov [rax], rcx",
                    "pop rcx", "mov [rax + 32], rcx",
                    "pop rax", "pop rbp", "pop rbx",
                    crate::__ex_entry!("2b", "3b", "{flags}"),
                    flags = const INLINED | REHEARSED | $flags,
                    inout("rax") registers => _,
                    out("rcx") _, out("rdx") _, out("rsi") _, out("rdi") _, out("r8") _, out("r9") _, out("r10") _,
                    out("r11") _, out("r12") _, out("r13") _, out("r14") _, out("r15") _,
                );
            }
        };
    }
    match operation {
        0 => execute!("cmp byte ptr [rsi], 0", READ),
        1 => execute!("cmp byte ptr [rsi], 0", READ | NOFAULT),
        2 => execute!("rep movsb", READ | STRICT),
        3 => execute!("mov byte ptr [rdi], 0", WRITE),
        4 => execute!("rep movsb", WRITE | STRICT),
        5 => execute!("cmp byte ptr [rsi], 0", READ | QUIET),
        _ => execute!("cmp byte ptr [rsi], 0", READ | ECHO),
    }
}

/// Changes each register that a function need not preserve.
#[inline(never)]
pub(crate) fn scramble() {
    // SAFETY: the registers are clobbered.
    unsafe {
        asm!(
            ".irp reg, rax, rcx, rdx, rsi, rdi, r8, r9, r10, r11",
            "mov \\reg, 0x5ca3b1e5",
            ".endr",
            clobber_abi("sysv64"),
            options(nomem, nostack)
        );
    }
}

/// Whether this CPU takes interrupts now.
#[inline]
pub(crate) fn interrupts_on() -> bool {
    const RFLAGS_IF: usize = 1 << 9;
    let rflags: usize;
    // SAFETY: pushes and pops a word.
    unsafe { asm!("pushfq", "pop {}", out(reg) rflags, options(preserves_flags)) };
    rflags & RFLAGS_IF != 0
}
