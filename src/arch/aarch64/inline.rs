// SPDX-License-Identifier: MIT OR Apache-2.0
//! The inlined accesses of aarch64: see `arch::shape`.
//!
//! Values use the unprivileged instructions, as the routines do. Atomics have no such form before FEAT_LSUI. They run
//! with the kernel's rights, which PAN denies outside the window.

use core::arch::asm;

use super::{CPU_LSE, CPU_PAN, IS_KERNEL, cpu};
use crate::arch::{
    entry::{READ, WRITE},
    shape::{ATOMIC_TRIES, InlineFlags, RETRY, UNTOLD, order, rmw_op},
};

/// A load may have any alignment: SCTLR_EL1.A is 0, and nothing uses the result of a load that faults.
pub(crate) const LOADS_WORDS_ANYWHERE: bool = true;
/// A store that lies in two pages may leave a part of itself behind (Arm ARM B2.2.1).
pub(crate) const STORES_WORDS_ANYWHERE: bool = false;

/// False: a load may pass a plain store that a barrier of the store's own does not follow (Arm ARM B2.3).
pub(crate) const LOADS_FOLLOW_STORES: bool = false;

/// False: LDTR and STTR are checked as accesses of EL0 (Arm ARM C3.2.6), which PAN does not affect.
pub(crate) const VALUES_NEED_WINDOW: bool = false;

/// Whether this call has opened the window.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window(bool);

/// Opens the window if the CPU has PAN and the window is closed.
#[inline(always)]
pub(crate) fn open_window() -> Window {
    if !IS_KERNEL || cpu() & CPU_PAN == 0 || pan_is_clear() {
        return Window(false);
    }
    clear_pan();
    Window(true)
}

/// Closes the window if `open_window` opened it.
#[inline(always)]
pub(crate) fn close_window(window: Window) {
    if window.0 {
        set_pan();
    }
}

/// Whether PSTATE.PAN is 0. The CPU must have PAN.
#[inline(always)]
pub(super) fn pan_is_clear() -> bool {
    const PAN: usize = 1 << 22;
    let state: usize;
    // SAFETY: reads PSTATE.PAN.
    unsafe { asm!("mrs {}, s3_0_c4_c2_3", out(reg) state, options(nomem, nostack, preserves_flags)) };
    state & PAN == 0
}

/// Clears PAN. Later instructions see that without a barrier (Arm ARM C5.1.3), and later accesses stay behind it.
#[inline(always)]
pub(super) fn clear_pan() {
    // SAFETY: MSR PAN, #0, which assemblers know only from Armv8.1 on. The CPU has PAN.
    unsafe { asm!(".inst 0xd500409f", options(nostack, preserves_flags)) };
}

/// Sets PAN. Earlier accesses stay in front of it.
#[inline(always)]
pub(super) fn set_pan() {
    // SAFETY: MSR PAN, #1. The CPU has PAN.
    unsafe { asm!(".inst 0xd500419f", options(nostack, preserves_flags)) };
}

/// An unprivileged load of 8 bytes. There is no form for a pair.
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

/// Adds the number of stored bytes to the cause.
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

/// Calls a macro with how the instructions of an `ORDER` are called: what stands behind the name of one that does all,
/// and the names of a load and a store that reserve.
///
/// Acquire and release together are sequentially consistent (Arm ARM B2.3.7: RCsc).
macro_rules! in_order {
    ($order:ident, $macro:ident, $($args:tt)+) => {
        match $order {
            order::RELAXED => $macro!(@ "", "ldxr", "stxr", $($args)+),
            order::ACQUIRE => $macro!(@ "a", "ldaxr", "stxr", $($args)+),
            order::RELEASE => $macro!(@ "l", "ldxr", "stlxr", $($args)+),
            _ => $macro!(@ "al", "ldaxr", "stlxr", $($args)+),
        }
    };
}

/// One instruction of FEAT_LSE that does the whole operation. It reserves nothing.
macro_rules! single {
    (
        @ $order:literal, $load:literal, $store:literal,
        $insn:literal, $suffix:literal, $width:literal, $addr:ident, $operand:expr, $flags:ty
    ) => {
        one!(
            exchange("x1" "mov x1, xzr" (nostack, preserves_flags)), [inout(reg) 0_u64 =>],
            concat!(
                ".arch_extension lse\n2: ", $insn, $order, $suffix, " {operand", $width, "}, {value", $width, "}, [{addr}]"
            ),
            $addr, $operand, $flags
        )
    };
}

/// Loads a value and reserves it, computes a new value and stores that. It repeats this while another CPU interferes.
///
/// No reservation is left: every path ends with `clrex`.
macro_rules! reserved {
    (
        @ $order:literal, $load:literal, $store:literal,
        $compute:literal, $suffix:literal, $width:literal, $addr:ident, $operand:ident, $flags:ty
    ) => {{
        let (value, status): (u64, usize);
        // SAFETY: the caller of the surrounding function guarantees its conditions.
        unsafe {
            asm!(
                concat!("2: ", $load, $suffix, " {value", $width, "}, [{addr}]"),
                $compute,
                concat!("4: ", $store, $suffix, " {failed:w}, {new", $width, "}, [{addr}]"),
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

/// An `OP` of `rmw_op`, in the width that the suffix and the register's width give.
macro_rules! operate {
    ($op:ident, $order:ident, $suffix:literal, $width:literal, $addr:ident, $operand:ident, $flags:ty) => {
        match ($op, cpu() & CPU_LSE != 0) {
            (rmw_op::SWAP, true) => {
                in_order!($order, single, "swp", $suffix, $width, $addr, $operand, $flags)
            }
            (rmw_op::ADD, true) => {
                in_order!($order, single, "ldadd", $suffix, $width, $addr, $operand, $flags)
            }
            // The instruction clears the bits that are set in its operand.
            (rmw_op::AND, true) => {
                in_order!($order, single, "ldclr", $suffix, $width, $addr, !$operand, $flags)
            }
            (rmw_op::OR, true) => {
                in_order!($order, single, "ldset", $suffix, $width, $addr, $operand, $flags)
            }
            (_, true) => in_order!($order, single, "ldeor", $suffix, $width, $addr, $operand, $flags),
            (rmw_op::SWAP, false) => {
                in_order!($order, reserved, "mov {new}, {operand}", $suffix, $width, $addr, $operand, $flags)
            }
            (rmw_op::ADD, false) => {
                in_order!(
                    $order,
                    reserved,
                    "add {new}, {value}, {operand}",
                    $suffix,
                    $width,
                    $addr,
                    $operand,
                    $flags
                )
            }
            (rmw_op::AND, false) => {
                in_order!(
                    $order,
                    reserved,
                    "and {new}, {value}, {operand}",
                    $suffix,
                    $width,
                    $addr,
                    $operand,
                    $flags
                )
            }
            (rmw_op::OR, false) => {
                in_order!(
                    $order,
                    reserved,
                    "orr {new}, {value}, {operand}",
                    $suffix,
                    $width,
                    $addr,
                    $operand,
                    $flags
                )
            }
            (_, false) => {
                in_order!(
                    $order,
                    reserved,
                    "eor {new}, {value}, {operand}",
                    $suffix,
                    $width,
                    $addr,
                    $operand,
                    $flags
                )
            }
        }
    };
}

/// Replaces a value by `OP` of it and `operand`, and returns the former value.
///
/// # Safety
///
/// 1. The bytes at `addr`, which is aligned, are user memory, or cannot be translated; the window is open.
#[inline(always)]
pub(crate) unsafe fn rmw<const SIZE: usize, const OP: u8, const ORDER: u8, F: InlineFlags>(
    addr: usize,
    operand: u64,
) -> (u64, usize) {
    match SIZE {
        1 => operate!(OP, ORDER, "b", ":w", addr, operand, F),
        2 => operate!(OP, ORDER, "h", ":w", addr, operand, F),
        4 => operate!(OP, ORDER, "", ":w", addr, operand, F),
        _ => operate!(OP, ORDER, "", ":x", addr, operand, F),
    }
}

/// Compare and swap by one instruction of FEAT_LSE.
macro_rules! compare_single {
    (
        @ $order:literal, $load:literal, $store:literal,
        $suffix:literal, $width:literal, $addr:ident, $expected:ident, $new:ident, $flags:ty
    ) => {{
        let (value, status): (u64, usize);
        // SAFETY: the caller of the surrounding function guarantees its conditions.
        unsafe {
            asm!(
                ".arch_extension lse",
                concat!("2: cas", $order, $suffix, " {value", $width, "}, {new", $width, "}, [{addr}]"),
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

/// Compare and swap by a reservation, which ends as in `reserved`. A value that is not the expected one is stored
/// again. So read-only memory is refused whatever it holds, as with the single instruction.
///
/// `extend` says how the comparison uses the expected value: only its low bytes count, because the load leaves zeros
/// above its own.
macro_rules! compare_reserved {
    (
        @ $order:literal, $load:literal, $store:literal,
        $suffix:literal, $width:literal, $extend:literal,
        $addr:ident, $expected:ident, $new:ident, $flags:ty
    ) => {{
        let (value, status): (u64, usize);
        // SAFETY: the caller of the surrounding function guarantees its conditions.
        unsafe {
            asm!(
                concat!("2: ", $load, $suffix, " {value", $width, "}, [{addr}]"),
                concat!("cmp {value", $width, "}, {expected", $width, "}", $extend),
                "csel {stored}, {new}, {value}, eq",
                concat!("4: ", $store, $suffix, " {failed:w}, {stored", $width, "}, [{addr}]"),
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

/// Compare and swap: by the single instruction if the CPU has it, or by a reservation.
macro_rules! compare {
    (
        $order:ident, $suffix:literal, $width:literal, $extend:literal,
        $addr:ident, $expected:ident, $new:ident, $flags:ty
    ) => {
        if cpu() & CPU_LSE != 0 {
            in_order!($order, compare_single, $suffix, $width, $addr, $expected, $new, $flags)
        } else {
            in_order!($order, compare_reserved, $suffix, $width, $extend, $addr, $expected, $new, $flags)
        }
    };
}

/// Replaces a value by `new` if it is `expected`, and returns the former value.
///
/// # Safety
///
/// 1. The bytes at `addr`, which is aligned, are user memory, or cannot be translated; the window is open.
#[inline(always)]
pub(crate) unsafe fn compare_exchange<const SIZE: usize, const ORDER: u8, F: InlineFlags>(
    addr: usize,
    expected: u64,
    new: u64,
) -> (u64, usize) {
    match SIZE {
        1 => compare!(ORDER, "b", ":w", ", uxtb", addr, expected, new, F),
        2 => compare!(ORDER, "h", ":w", ", uxth", addr, expected, new, F),
        4 => compare!(ORDER, "", ":w", "", addr, expected, new, F),
        _ => compare!(ORDER, "", ":x", "", addr, expected, new, F),
    }
}
