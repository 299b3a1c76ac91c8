// SPDX-License-Identifier: MIT OR Apache-2.0
//! The inlined accesses of riscv64: see `arch::shape`.
//!
//! Atomics of 4 and 8 bytes are AMOs. So are and, or and xor of 1 and 2 bytes: they use the word around, with an
//! operand that keeps the other bytes. The rest are loops of LR and SC. The orderings are those of the Unprivileged
//! ISA's "Code Porting and Mapping Guidelines": an AMO with aq and rl is sequentially consistent, and so is an LR with
//! both, followed by an SC with rl. The extensions Zabha and Zacas would make the loops unnecessary. But supervisor mode cannot find out
//! whether the CPU has them.
//!
//! The loops are short enough that they succeed in the end (Unprivileged ISA, "Eventual Success of Store-Conditional
//! Instructions"). An SC follows each LR and ends its reservation, unless one of the two faults. A reservation left by
//! a fault is harmless, because there is no SC without an LR before it.

use core::arch::asm;

use super::{IS_KERNEL, SSTATUS_SUM};
use crate::arch::{
    entry::{READ, WRITE},
    part::Part,
    shape::{ATOMIC_TRIES, InlineFlags, RETRY, UNTOLD, order, rmw_op},
};

/// An unaligned word may trap, or be emulated at a hundred times its cost. No instruction tells which (Unprivileged
/// ISA, "Load and Store Instructions").
pub(crate) const LOADS_WORDS_ANYWHERE: bool = false;
/// The same for stores.
pub(crate) const STORES_WORDS_ANYWHERE: bool = false;

/// False: a load may pass a store in front of it (Unprivileged ISA, RVWMO).
pub(crate) const LOADS_FOLLOW_STORES: bool = false;

/// True: while SUM is 0, the CPU refuses plain loads and stores of user pages.
pub(crate) const VALUES_NEED_WINDOW: bool = true;

/// The bits of sstatus that this call has set.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window(usize);

/// Opens the window if it is closed, as `axptr_window_open` does.
#[inline(always)]
pub(crate) fn open_window() -> Window {
    if !IS_KERNEL {
        return Window(0);
    }
    let sstatus: usize;
    // SAFETY: affects accesses to user pages only, and `close_window` undoes it.
    unsafe { asm!("csrrs {}, sstatus, {}", lateout(reg) sstatus, in(reg) SSTATUS_SUM, options(nostack)) };
    Window(!sstatus & SSTATUS_SUM)
}

/// Closes the window if `open_window` opened it.
#[inline(always)]
pub(crate) fn close_window(window: Window) {
    if IS_KERNEL {
        // SAFETY: clears only what `open_window` set.
        unsafe { asm!("csrc sstatus, {}", in(reg) window.0, options(nostack)) };
    }
}

/// A load of 8 bytes.
macro_rules! load_word {
    ($word:ident, $at:literal) => {
        concat!("ld {", stringify!($word), "}, ", $at, "({addr})")
    };
}

/// A store of 8 bytes.
macro_rules! store_word {
    ($word:ident, $at:literal) => {
        concat!("sd {", stringify!($word), "}, ", $at, "({addr})")
    };
}

/// The number of stored bytes, at its place in the status.
macro_rules! stub {
    ($at:literal) => {
        concat!("lui {stored}, ", $at, " << ({shift} - 12)")
    };
}

values! {
    machine: ("a1" "li a1, 0" (nostack)),
    load: ([addr = in(reg)] [value = lateout(reg)])
        "lbu {value}, 0({addr})" "lhu {value}, 0({addr})" "lwu {value}, 0({addr})" "ld {value}, 0({addr})",
    load_kernel: ([addr = in(reg)] [value = lateout(reg)])
        "lbu {value}, 0({addr})" "lhu {value}, 0({addr})" "lwu {value}, 0({addr})" "ld {value}, 0({addr})",
    store: ([addr = in(reg)] [value = in(reg)])
        "sb {value}, 0({addr})" "sh {value}, 0({addr})" "sw {value}, 0({addr})" "sd {value}, 0({addr})",
    words: load_word store_word (between "j" stub "or a1, a1, {stored}"),
}

/// Calls a macro with the suffixes of an `ORDER`: of an AMO, of an LR, and of the SC behind that.
macro_rules! in_order {
    ($order:ident, $macro:ident, $($args:tt)+) => {
        match $order {
            order::RELAXED => $macro!(@ "", "", "", $($args)+),
            order::ACQUIRE => $macro!(@ ".aq", ".aq", "", $($args)+),
            order::RELEASE => $macro!(@ ".rl", "", ".rl", $($args)+),
            _ => $macro!(@ ".aqrl", ".aqrl", ".rl", $($args)+),
        }
    };
}

/// One AMO.
macro_rules! amo {
    (@ $order:literal, $load:literal, $store:literal, $insn:literal, $addr:expr, $operand:expr, $flags:ty) => {
        one!(
            exchange("a1" "li a1, 0" (nostack)), [lateout(reg)],
            concat!("2: ", $insn, $order, " {value}, {operand}, ({addr})"),
            $addr, $operand, $flags
        )
    };
}

/// Loads the value at an address and replaces it. It repeats this while another CPU interferes.
///
/// `$compute` stands between the two, and leaves in `{new}` what replaces `{old}`. It is a few instructions of the base
/// set, and jumps forward only.
macro_rules! replace {
    (
        @ $order:literal, $load:literal, $store:literal,
        $width:literal, [$($compute:literal,)+], $addr:expr, $flags:ty, $($operands:tt)*
    ) => {{
        let (old, status): (u64, usize);
        // SAFETY: the caller of the surrounding function guarantees its conditions.
        unsafe {
            asm!(
                concat!("4: lr.", $width, $load, " {old}, ({addr})"),
                $($compute,)+
                concat!("5: sc.", $width, $store, " {new}, {new}, ({addr})"),
                "beqz {new}, 6f",
                "addi {tries}, {tries}, -1",
                "bnez {tries}, 4b",
                "li a1, {retry}",
                "j 3f",
                "6: li a1, 0",
                "3:",
                crate::__ex_entry!("4b", "3b", "{reads}"),
                crate::__ex_entry!("5b", "3b", "{replaces}"),
                reads = const <$flags>::FLAGS | READ,
                replaces = const <$flags>::FLAGS | READ | WRITE,
                retry = const RETRY,
                addr = in(reg) $addr,
                old = out(reg) old,
                new = out(reg) _,
                tries = inout(reg) u64::from(ATOMIC_TRIES) => _,
                inout("a1") UNTOLD => status,
                $($operands)*
                options(nostack),
            );
        }
        (old, status)
    }};
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
    match (OP, SIZE) {
        // SAFETY: our caller guarantees (1).
        (_, 1 | 2) => unsafe { rmw_part::<SIZE, OP, ORDER, F>(addr, operand) },
        (rmw_op::SWAP, 4) => in_order!(ORDER, amo, "amoswap.w", addr, operand, F),
        (rmw_op::SWAP, _) => in_order!(ORDER, amo, "amoswap.d", addr, operand, F),
        (rmw_op::ADD, 4) => in_order!(ORDER, amo, "amoadd.w", addr, operand, F),
        (rmw_op::ADD, _) => in_order!(ORDER, amo, "amoadd.d", addr, operand, F),
        (rmw_op::AND, 4) => in_order!(ORDER, amo, "amoand.w", addr, operand, F),
        (rmw_op::AND, _) => in_order!(ORDER, amo, "amoand.d", addr, operand, F),
        (rmw_op::OR, 4) => in_order!(ORDER, amo, "amoor.w", addr, operand, F),
        (rmw_op::OR, _) => in_order!(ORDER, amo, "amoor.d", addr, operand, F),
        (_, 4) => in_order!(ORDER, amo, "amoxor.w", addr, operand, F),
        _ => in_order!(ORDER, amo, "amoxor.d", addr, operand, F),
    }
}

/// `rmw` of a part of a word.
///
/// # Safety
///
/// 1. As for [`rmw`].
#[inline(always)]
unsafe fn rmw_part<const SIZE: usize, const OP: u8, const ORDER: u8, F: InlineFlags>(
    addr: usize,
    operand: u64,
) -> (u64, usize) {
    let part = Part::<SIZE>::at(addr);
    let placed = part.place(operand);
    let (word, status) = match OP {
        rmw_op::SWAP => in_order!(
            ORDER, replace, "w",
            [
                "xor {new}, {old}, {placed}",
                "and {new}, {new}, {mask}",
                "xor {new}, {new}, {old}",
            ],
            part.word, F, placed = in(reg) placed, mask = in(reg) part.mask,
        ),
        rmw_op::ADD => in_order!(
            ORDER, replace, "w",
            [
                "add {new}, {old}, {placed}",
                "xor {new}, {new}, {old}",
                "and {new}, {new}, {mask}", // no carry into the other bytes
                "xor {new}, {new}, {old}",
            ],
            part.word, F, placed = in(reg) placed, mask = in(reg) part.mask,
        ),
        rmw_op::AND => in_order!(ORDER, amo, "amoand.w", part.word, placed | !part.mask, F),
        rmw_op::OR => in_order!(ORDER, amo, "amoor.w", part.word, placed, F),
        _ => in_order!(ORDER, amo, "amoxor.w", part.word, placed, F),
    };
    (part.take(word), status)
}

/// Replaces a value by `new` if it is `expected`, and returns the former value.
///
/// A value that is not `expected` is stored again. So read-only memory raises a fault whatever it holds.
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
        1 | 2 => {
            let part = Part::<SIZE>::at(addr);
            let (expected, new) = (part.place(expected), part.place(new));
            let (word, status) = in_order!(
                ORDER, replace, "w",
                [
                    "xor {new}, {old}, {expected}",
                    "and {new}, {new}, {mask}",
                    "seqz {new}, {new}",
                    "neg {new}, {new}", // all bits set if the value is the expected one, else none
                    "and {new}, {new}, {change}",
                    "xor {new}, {new}, {old}",
                ],
                part.word, F, expected = in(reg) expected, change = in(reg) expected ^ new,
                mask = in(reg) part.mask,
            );
            (part.take(word), status)
        }
        4 => {
            // LR.W sign-extends what it loads.
            let expected = i64::from(expected as i32);
            in_order!(
                ORDER, replace, "w",
                ["mv {new}, {old}", "bne {old}, {expected}, 5f", "mv {new}, {wanted}",],
                addr, F, expected = in(reg) expected, wanted = in(reg) new,
            )
        }
        _ => in_order!(
            ORDER, replace, "d",
            ["mv {new}, {old}", "bne {old}, {expected}, 5f", "mv {new}, {wanted}",],
            addr, F, expected = in(reg) expected, wanted = in(reg) new,
        ),
    }
}
