// SPDX-License-Identifier: MIT OR Apache-2.0
//! Instructions with entries of their own, for x86_64.

use std::arch::{asm, global_asm};

use axptr::ex_entry;

use crate::Site;

/// [`Landing::REGISTER`](axptr::extable::Landing::REGISTER).
pub(crate) const CAUSE_REGISTER: &str = "rdx";

/// Whether a fault of an instruction with two sides can be told to be one of its user side.
pub(crate) const TELLS_THE_ACCESS: bool = true;

/// Expands to one access by `$insn`, which reads at `rsi` and writes at `rdi`, with its own table entry.
macro_rules! site {
    ($insn:literal, $access:ident, $read:expr, $write:expr) => {
        site!($insn, $access, $read, $write, 0)
    };
    ($insn:literal, $access:ident, $read:expr, $write:expr, $tag:expr) => {{
        let (insn, landing, cause): (usize, usize, usize);
        let mut faulted = 1_usize;
        // SAFETY: `rsi` and `rdi` are bytes of the caller's own, or bad; a bad one goes on at the landing.
        unsafe {
            asm!(
                "lea {insn}, [rip + 2f]",
                "lea {landing}, [rip + 3f]",
                "xor eax, eax",
                "xor edx, edx",
                concat!("2: ", $insn),
                "xor {faulted:e}, {faulted:e}",
                "3: nop dword ptr [rax + {tag}]",
                ex_entry!("2b", "3b", $access),
                insn = out(reg) insn,
                landing = out(reg) landing,
                faulted = inout(reg) faulted,
                tag = const $tag,
                inout("rsi") $read => _,
                inout("rdi") $write => _,
                out("rax") _,
                out("rdx") cause,
                options(nostack),
            );
        }
        Site { insn, landing, faulted: faulted != 0, cause }
    }};
}

#[inline(never)]
pub(crate) fn read(user: usize) -> Site {
    site!("mov al, byte ptr [rsi]", read, user, 0_usize)
}

#[inline(never)]
pub(crate) fn write(user: usize) -> Site {
    site!("mov byte ptr [rdi], al", write, 0_usize, user)
}

#[inline(never)]
pub(crate) fn read_write(user: usize) -> Site {
    site!("lock add byte ptr [rdi], al", read_write, 0_usize, user)
}

#[inline(never)]
pub(crate) fn read_to_kernel(user: usize, kernel: *mut u8) -> Site {
    site!("movsb", read_to_kernel, user, kernel)
}

#[inline(never)]
pub(crate) fn write_from_kernel(user: usize, kernel: *const u8) -> Site {
    site!("movsb", write_from_kernel, kernel, user)
}

/// One entry per instance: the size keeps the compiler from folding them into one.
#[inline(never)]
pub(crate) fn generic<T>(user: usize) -> Site {
    site!("movzx eax, byte ptr [rsi]", read, user, 0_usize, size_of::<T>() as u32)
}

/// One entry per use.
#[inline(always)]
pub(crate) fn inlined(user: usize) -> Site {
    site!("movzx eax, word ptr [rsi]", read, user, 0_usize)
}

// Returns the cause, or 0. Two entries share a landing.
global_asm!(
    ".pushsection .text.extable_test, \"ax\", @progbits",
    ".global extable_test_two_loads",
    "extable_test_two_loads:",
    "xor edx, edx",
    "2: mov rax, qword ptr [rdi]",
    "3: mov rax, qword ptr [rsi]",
    ".Lextable_test_landing:",
    "mov rax, rdx",
    "ret",
    ex_entry!("2b", ".Lextable_test_landing", read),
    ex_entry!("3b", ".Lextable_test_landing", read),
    ".popsection",
);

unsafe extern "C" {
    pub(crate) fn extable_test_two_loads(first: usize, second: usize) -> usize;
}

// A module as a kernel would load it: code and its table in one piece, relative to each other. It is data here,
// so that it runs nowhere but where the test copies it to.
global_asm!(
    ".pushsection .rodata.extable_module, \"a\", @progbits",
    ".balign 8",
    ".global extable_module",
    "extable_module:", // (rdi address, rsi default) -> rax
    "xor edx, edx",
    "mov rax, rsi",
    "2: mov rax, qword ptr [rdi]",
    "3: ret",
    ".balign 4",
    ".global extable_module_table",
    "extable_module_table:",
    ".long 2b - .",
    ".short 3b - 2b",
    ".short 1",
    ".global extable_module_end",
    "extable_module_end:",
    ".popsection",
);
