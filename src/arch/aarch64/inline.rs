// SPDX-License-Identifier: MIT OR Apache-2.0
//! Accesses that are expanded where they are used: see `arch::shape`.
//!
//! Values go by the unprivileged instructions, as in the routines. Atomics have no such form before
//! FEAT_LSUI: they run with the kernel's rights, which outside the window PAN denies it.

use core::arch::asm;

use super::{CPU_LSE, CPU_PAN, IS_KERNEL, cpu};
use crate::arch::{
    entry::{READ, WRITE},
    shape::{ATOMIC_TRIES, InlineFlags, RETRY, UNTOLD, rmw_op},
};

/// Words may be loaded from anywhere: SCTLR_EL1.A is 0, and of what faults nothing is used.
pub(crate) const LOADS_WORDS_ANYWHERE: bool = true;
/// A store that lies in two pages may leave a part of itself behind (Arm ARM B2.2.1).
pub(crate) const STORES_WORDS_ANYWHERE: bool = false;

/// LDTR and STTR are checked as accesses of EL0 (Arm ARM C3.2.6), which PAN does not concern.
pub(crate) const VALUES_NEED_WINDOW: bool = false;

/// Whether this call has opened the window.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window(bool);

/// Opens the window where the CPU has PAN, unless it is open.
#[inline(always)]
pub(crate) fn open_window() -> Window {
    if !IS_KERNEL || cpu() & CPU_PAN == 0 || pan_is_clear() {
        return Window(false);
    }
    clear_pan();
    Window(true)
}

/// Closes what `open_window` has opened.
#[inline(always)]
pub(crate) fn close_window(window: Window) {
    if window.0 {
        set_pan();
    }
}

/// Whether PSTATE.PAN, which the CPU has, is 0.
#[inline(always)]
pub(super) fn pan_is_clear() -> bool {
    const PAN: usize = 1 << 22;
    let state: usize;
    // SAFETY: reads PSTATE.PAN.
    unsafe { asm!("mrs {}, s3_0_c4_c2_3", out(reg) state, options(nomem, nostack, preserves_flags)) };
    state & PAN == 0
}

/// Clears it. Later instructions see that without a barrier (Arm ARM C5.1.3), later accesses stay behind.
#[inline(always)]
pub(super) fn clear_pan() {
    // SAFETY: MSR PAN, #0, which assemblers know from Armv8.1 on; the CPU has PAN.
    unsafe { asm!(".inst 0xd500409f", options(nostack, preserves_flags)) };
}

/// Sets it. Earlier accesses stay in front.
#[inline(always)]
pub(super) fn set_pan() {
    // SAFETY: MSR PAN, #1; the CPU has PAN.
    unsafe { asm!(".inst 0xd500419f", options(nostack, preserves_flags)) };
}

/// An unprivileged load of 8 bytes: there is no pair.
macro_rules! load_word {
    ($word:ident, $at:literal) => {
        concat!("ldtr {", stringify!($word), "}, [{addr}, ", $at, "]")
    };
}

/// An unprivileged store of 8 bytes.
macro_rules! store_word {
    ($word:ident, $at:literal) => {
        concat!("sttr {", stringify!($word), "}, [{addr}, ", $at, "]")
    };
}

/// Adds what has been stored to the cause.
macro_rules! stub {
    ($at:literal) => {
        concat!("orr x1, x1, #(", $at, " << {stored})\nb 3b")
    };
}

values! {
    machine: ("x1" "mov x1, xzr" (nostack, preserves_flags)),
    load: ([addr = in(reg)] [value = inout(reg) 0_u64 =>])
        "ldtrb {value:w}, [{addr}]" "ldtrh {value:w}, [{addr}]" "ldtr {value:w}, [{addr}]" "ldtr {value:x}, [{addr}]",
    load_kernel: ([addr = in(reg)] [value = inout(reg) 0_u64 =>])
        "ldrb {value:w}, [{addr}]" "ldrh {value:w}, [{addr}]" "ldr {value:w}, [{addr}]" "ldr {value:x}, [{addr}]",
    store: ([addr = in(reg)] [value = in(reg)])
        "sttrb {value:w}, [{addr}]" "sttrh {value:w}, [{addr}]" "sttr {value:w}, [{addr}]" "sttr {value:x}, [{addr}]",
    words: load_word store_word (behind stub),
}

/// One instruction of FEAT_LSE that does it all. It reserves nothing.
macro_rules! single {
    ($insn:literal, $suffix:literal, $width:literal, $addr:ident, $operand:expr, $flags:ty) => {
        one!(
            exchange("x1" "mov x1, xzr" (nostack, preserves_flags)), [inout(reg) 0_u64 =>],
            concat!(
                ".arch_extension lse\n2: ", $insn, $suffix, " {operand", $width, "}, {value", $width, "}, [{addr}]"
            ),
            $addr, $operand, $flags
        )
    };
}

/// Loads a value and reserves it, computes a new one and stores that, until nobody was in between. Nothing
/// stays reserved: neither where a store that faulted or failed ends it, nor otherwise.
macro_rules! reserved {
    ($compute:literal, $suffix:literal, $width:literal, $addr:ident, $operand:ident, $flags:ty) => {{
        let (value, status): (u64, usize);
        // SAFETY: ours.
        unsafe {
            asm!(
                concat!("2: ldaxr", $suffix, " {value", $width, "}, [{addr}]"),
                $compute,
                concat!("4: stlxr", $suffix, " {failed:w}, {new", $width, "}, [{addr}]"),
                "cbz {failed:w}, 5f",
                "sub {tries:w}, {tries:w}, #1",
                "cbnz {tries:w}, 2b",
                "mov x1, {retry}",
                "b 3f",
                "5: mov x1, xzr",
                "3: clrex",
                crate::__ex_entry!("2b", "3b", "{reads}"),
                crate::__ex_entry!("4b", "3b", "{replaces}"),
                reads = const <$flags>::FLAGS | READ,
                replaces = const <$flags>::FLAGS | READ | WRITE,
                retry = const RETRY,
                addr = in(reg) $addr,
                operand = in(reg) $operand,
                value = inout(reg) 0_u64 => value,
                new = out(reg) _,
                failed = out(reg) _,
                tries = inout(reg) ATOMIC_TRIES => _,
                inout("x1") UNTOLD => status,
                options(nostack, preserves_flags),
            );
        }
        (value, status)
    }};
}

/// An `OP` of `rmw_op` in the width that the suffix and the registers' width say.
///
/// Acquire and release together are sequentially consistent (Arm ARM B2.3.7: RCsc).
macro_rules! operate {
    ($op:ident, $suffix:literal, $width:literal, $addr:ident, $operand:ident, $flags:ty) => {
        match ($op, cpu() & CPU_LSE != 0) {
            (rmw_op::SWAP, true) => single!("swpal", $suffix, $width, $addr, $operand, $flags),
            (rmw_op::ADD, true) => single!("ldaddal", $suffix, $width, $addr, $operand, $flags),
            // It clears what the operand has.
            (rmw_op::AND, true) => single!("ldclral", $suffix, $width, $addr, !$operand, $flags),
            (rmw_op::OR, true) => single!("ldsetal", $suffix, $width, $addr, $operand, $flags),
            (_, true) => single!("ldeoral", $suffix, $width, $addr, $operand, $flags),
            (rmw_op::SWAP, false) => {
                reserved!("mov {new}, {operand}", $suffix, $width, $addr, $operand, $flags)
            }
            (rmw_op::ADD, false) => {
                reserved!("add {new}, {value}, {operand}", $suffix, $width, $addr, $operand, $flags)
            }
            (rmw_op::AND, false) => {
                reserved!("and {new}, {value}, {operand}", $suffix, $width, $addr, $operand, $flags)
            }
            (rmw_op::OR, false) => {
                reserved!("orr {new}, {value}, {operand}", $suffix, $width, $addr, $operand, $flags)
            }
            (_, false) => {
                reserved!("eor {new}, {value}, {operand}", $suffix, $width, $addr, $operand, $flags)
            }
        }
    };
}

/// Replaces a value by `OP` of it and `operand`, and returns the value before.
///
/// # Safety
///
/// 1. The bytes at `addr`, which is aligned, are user memory, or cannot be translated; the window is open.
#[inline(always)]
pub(crate) unsafe fn rmw<const SIZE: usize, const OP: u8, F: InlineFlags>(
    addr: usize,
    operand: u64,
) -> (u64, usize) {
    match SIZE {
        1 => operate!(OP, "b", ":w", addr, operand, F),
        2 => operate!(OP, "h", ":w", addr, operand, F),
        4 => operate!(OP, "", ":w", addr, operand, F),
        _ => operate!(OP, "", ":x", addr, operand, F),
    }
}

/// Compare and swap by one instruction of FEAT_LSE.
macro_rules! compare_single {
    ($suffix:literal, $width:literal, $addr:ident, $expected:ident, $new:ident, $flags:ty) => {{
        let (value, status): (u64, usize);
        // SAFETY: ours.
        unsafe {
            asm!(
                ".arch_extension lse",
                concat!("2: casal", $suffix, " {value", $width, "}, {new", $width, "}, [{addr}]"),
                "mov x1, xzr",
                "3:",
                crate::__ex_entry!("2b", "3b", "{flags}"),
                flags = const <$flags>::FLAGS | READ | WRITE,
                addr = in(reg) $addr,
                new = in(reg) $new,
                value = inout(reg) $expected => value,
                inout("x1") UNTOLD => status,
                options(nostack, preserves_flags),
            );
        }
        (value, status)
    }};
}

/// The same by a reservation, which ends as in `reserved`. A value that is another is stored again, so that
/// read-only memory is refused whatever it holds, as by the instruction.
///
/// `extend` is how the comparison takes the expected value, of which the low bytes count: the load leaves
/// zeros above its own.
macro_rules! compare_reserved {
    (
        $suffix:literal, $width:literal, $extend:literal,
        $addr:ident, $expected:ident, $new:ident, $flags:ty
    ) => {{
        let (value, status): (u64, usize);
        // SAFETY: ours.
        unsafe {
            asm!(
                concat!("2: ldaxr", $suffix, " {value", $width, "}, [{addr}]"),
                concat!("cmp {value", $width, "}, {expected", $width, "}", $extend),
                "csel {stored}, {new}, {value}, eq",
                concat!("4: stlxr", $suffix, " {failed:w}, {stored", $width, "}, [{addr}]"),
                "cbz {failed:w}, 5f",
                "sub {tries:w}, {tries:w}, #1",
                "cbnz {tries:w}, 2b",
                "mov x1, {retry}",
                "b 3f",
                "5: mov x1, xzr",
                "3: clrex",
                crate::__ex_entry!("2b", "3b", "{reads}"),
                crate::__ex_entry!("4b", "3b", "{replaces}"),
                reads = const <$flags>::FLAGS | READ,
                replaces = const <$flags>::FLAGS | READ | WRITE,
                retry = const RETRY,
                addr = in(reg) $addr,
                expected = in(reg) $expected,
                new = in(reg) $new,
                stored = out(reg) _,
                value = inout(reg) 0_u64 => value,
                failed = out(reg) _,
                tries = inout(reg) ATOMIC_TRIES => _,
                inout("x1") UNTOLD => status,
                options(nostack),
            );
        }
        (value, status)
    }};
}

/// Compare and swap in whichever way the CPU has.
macro_rules! compare {
    (
        $suffix:literal, $width:literal, $extend:literal,
        $addr:ident, $expected:ident, $new:ident, $flags:ty
    ) => {
        if cpu() & CPU_LSE != 0 {
            compare_single!($suffix, $width, $addr, $expected, $new, $flags)
        } else {
            compare_reserved!($suffix, $width, $extend, $addr, $expected, $new, $flags)
        }
    };
}

/// Replaces a value by `new` if it is `expected`, and returns the value before.
///
/// # Safety
///
/// 1. The bytes at `addr`, which is aligned, are user memory, or cannot be translated; the window is open.
#[inline(always)]
pub(crate) unsafe fn compare_exchange<const SIZE: usize, F: InlineFlags>(
    addr: usize,
    expected: u64,
    new: u64,
) -> (u64, usize) {
    match SIZE {
        1 => compare!("b", ":w", ", uxtb", addr, expected, new, F),
        2 => compare!("h", ":w", ", uxth", addr, expected, new, F),
        4 => compare!("", ":w", "", addr, expected, new, F),
        _ => compare!("", ":x", "", addr, expected, new, F),
    }
}
