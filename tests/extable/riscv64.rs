// SPDX-License-Identifier: MIT OR Apache-2.0
//! Instructions with entries of their own, for riscv64.

use std::arch::{asm, global_asm};

use axptr::ex_entry;

use crate::Site;

/// [`Landing::REGISTER`](axptr::extable::Landing::REGISTER).
pub(crate) const CAUSE_REGISTER: &str = "a1";

/// Whether a fault of an instruction with two sides can be told to be one of its user side.
pub(crate) const TELLS_THE_ACCESS: bool = false;

/// Expands to one access by `$insn`, which reads at `t0` and writes at `t1`, with its own table entry.
///
/// No instruction does both: a plain one stands for those that a machine with such instructions has.
macro_rules! site {
    ($insn:literal, $access:ident, $read:expr, $write:expr) => {
        site!($insn, $access, $read, $write, 0)
    };
    ($insn:literal, $access:ident, $read:expr, $write:expr, $tag:expr) => {{
        let (insn, landing, cause): (usize, usize, usize);
        let mut faulted = 1_usize;
        // SAFETY: the addresses are bytes of the caller's own, or bad; a bad one goes on at the landing.
        unsafe {
            asm!(
                "lla {insn}, 2f",
                "lla {landing}, 3f",
                "li a1, 0",
                "li t2, 0",
                concat!("2: ", $insn),
                "li {faulted}, 0",
                "3: li t2, {tag}",
                ex_entry!("2b", "3b", $access),
                insn = out(reg) insn,
                landing = out(reg) landing,
                faulted = inout(reg) faulted,
                tag = const $tag,
                inout("t0") $read => _,
                inout("t1") $write => _,
                out("t2") _,
                out("a1") cause,
                options(nostack),
            );
        }
        Site { insn, landing, faulted: faulted != 0, cause }
    }};
}

#[inline(never)]
pub(crate) fn read(user: usize) -> Site {
    site!("lbu t2, 0(t0)", read, user, 0_usize)
}

#[inline(never)]
pub(crate) fn write(user: usize) -> Site {
    site!("sb t2, 0(t1)", write, 0_usize, user)
}

/// The first half of an atomic: the second faults only where the first has not.
#[inline(never)]
pub(crate) fn read_write(user: usize) -> Site {
    site!("lbu t2, 0(t1)", read_write, 0_usize, user)
}

#[inline(never)]
pub(crate) fn read_to_kernel(user: usize, kernel: *mut u8) -> Site {
    site!("lbu t2, 0(t0)", read_to_kernel, user, kernel)
}

#[inline(never)]
pub(crate) fn write_from_kernel(user: usize, kernel: *const u8) -> Site {
    site!("sb t2, 0(t1)", write_from_kernel, kernel, user)
}

/// One entry per instance: the size keeps the compiler from folding them into one.
#[inline(never)]
pub(crate) fn generic<T>(user: usize) -> Site {
    site!("lbu t2, 0(t0)", read, user, 0_usize, size_of::<T>() as u32)
}

/// One entry per use.
#[inline(always)]
pub(crate) fn inlined(user: usize) -> Site {
    site!("lhu t2, 0(t0)", read, user, 0_usize)
}

// Returns the cause, or 0. Two entries share a landing.
global_asm!(
    ".pushsection .text.extable_test, \"ax\", @progbits",
    ".balign 4",
    ".global extable_test_two_loads",
    "extable_test_two_loads:",
    "mv t0, a1",
    "li a1, 0",
    "2: ld t1, 0(a0)",
    "3: ld t1, 0(t0)",
    ".Lextable_test_landing:",
    "mv a0, a1",
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
    "extable_module:", // (a0 address, a1 default) -> a0
    "mv t0, a0",
    "mv a0, a1",
    "2: ld a0, 0(t0)",
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
