// SPDX-License-Identifier: MIT OR Apache-2.0
//! The inlined accesses of loongarch64: see `arch::shape`.
//!
//! The base instructions have atomics of 4 and 8 bytes. An atomic of 1 or 2 bytes exchanges the word around it. That
//! word lies in the same page, and its other bytes keep their values.

use core::arch::asm;

use crate::arch::{
    entry::{READ, WRITE},
    part::Part,
    shape::{ATOMIC_TRIES, InlineFlags, RETRY, UNTOLD, order, rmw_op},
};

/// The CPU may refuse a word that is not aligned (Reference Manual vol. 1, chapter 2, UAL).
pub(crate) const LOADS_WORDS_ANYWHERE: bool = false;
/// The same for stores.
pub(crate) const STORES_WORDS_ANYWHERE: bool = false;

/// False: a load may pass a store in front of it (Reference Manual vol. 1, DBAR).
pub(crate) const LOADS_FOLLOW_STORES: bool = false;

/// False: there is no window, and kernel code may access user pages at any time.
pub(crate) const VALUES_NEED_WINDOW: bool = false;

/// Nothing: the machine has no window.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window;

/// Does nothing.
#[inline(always)]
pub(crate) fn open_window() -> Window {
    Window
}

/// Does nothing.
#[inline(always)]
pub(crate) fn close_window(_window: Window) {}

/// A load of 8 bytes.
macro_rules! load_word {
    ($word:ident, $at:literal) => {
        concat!("ld.d {", stringify!($word), "}, {addr}, ", $at)
    };
}

/// A store of 8 bytes.
macro_rules! store_word {
    ($word:ident, $at:literal) => {
        concat!("st.d {", stringify!($word), "}, {addr}, ", $at)
    };
}

/// The number of stored bytes, at its place in the status.
macro_rules! stub {
    ($at:literal) => {
        concat!("lu12i.w {stored}, ", $at, " << ({shift} - 12)")
    };
}

values! {
    machine: ("$a1" "move $a1, $zero" (nostack)),
    load: ([addr = in(reg)] [value = out(reg)])
        "ld.bu {value}, {addr}, 0" "ld.hu {value}, {addr}, 0" "ld.wu {value}, {addr}, 0" "ld.d {value}, {addr}, 0",
    load_kernel: ([addr = in(reg)] [value = out(reg)])
        "ld.bu {value}, {addr}, 0" "ld.hu {value}, {addr}, 0" "ld.wu {value}, {addr}, 0" "ld.d {value}, {addr}, 0",
    store: ([addr = in(reg)] [value = in(reg)])
        "st.b {value}, {addr}, 0" "st.h {value}, {addr}, 0" "st.w {value}, {addr}, 0" "st.d {value}, {addr}, 0",
    words: load_word store_word (between "b" stub "or $a1, $a1, {stored}"),
}

/// Calls a macro with what an `ORDER` adds to the name of an atomic, and with the barrier around a loop of LL and SC.
/// There is one barrier for all that are ordered at all: the forms with `_db` are barriers on both sides.
macro_rules! in_order {
    ($order:ident, $macro:ident, $($args:tt)+) => {
        match $order {
            order::RELAXED => $macro!(@ "", "", $($args)+),
            _ => $macro!(@ "_db", "dbar 0", $($args)+),
        }
    };
}

/// One atomic instruction. The register of the former value must
/// differ from the others (Reference Manual vol. 1, chapter 2, AM*).
macro_rules! exchange {
    (@ $order:literal, $barrier:literal, $insn:literal, $width:literal, $addr:expr, $operand:expr, $flags:ty) => {
        one!(
            exchange("$a1" "move $a1, $zero" (nostack)), [out(reg)],
            concat!("2: ", $insn, $order, $width, " {value}, {operand}, {addr}"),
            $addr, $operand, $flags
        )
    };
}

/// Loads a word, lets `$compute` make {new} of it, and puts {new} in its place. It repeats this while another CPU
/// interferes.
///
/// Only a fault leaves without SC, and the return from its exception ends the reservation (vol. 1, chapter 7, LLBCTL).
macro_rules! linked {
    (
        @ $order:literal, $barrier:literal,
        $load:literal, $replace:literal, [$($compute:literal),+], $addr:expr, $flags:ty,
        $($operand:ident = $value:expr),+
    ) => {{
        let (value, status): (u64, usize);
        // SAFETY: the caller of the surrounding function guarantees its conditions.
        unsafe {
            asm!(
                $barrier,
                concat!("2: ", $load, " {value}, {addr}, 0"),
                $($compute,)+
                concat!("5: ", $replace, " {new}, {addr}, 0"),
                "bnez {new}, 4f",
                "addi.d {tries}, {tries}, -1",
                "bnez {tries}, 2b",
                "ori $a1, $zero, {retry}",
                "b 3f",
                concat!("4: ", $barrier),
                "move $a1, $zero",
                "3:",
                crate::__ex_entry!("2b", "3b", "{reads}"),
                crate::__ex_entry!("5b", "3b", "{replaces}"),
                reads = const <$flags>::FLAGS | READ,
                replaces = const <$flags>::FLAGS | READ | WRITE,
                retry = const RETRY,
                addr = in(reg) $addr,
                $($operand = in(reg) $value,)+
                value = out(reg) value,
                new = out(reg) _,
                tries = inout(reg) u64::from(ATOMIC_TRIES) => _,
                inout("$a1") UNTOLD => status,
                options(nostack),
            );
        }
        (value, status)
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
        (rmw_op::SWAP, 4) => return in_order!(ORDER, exchange, "amswap", ".w", addr, operand, F),
        (rmw_op::SWAP, 8) => return in_order!(ORDER, exchange, "amswap", ".d", addr, operand, F),
        (rmw_op::ADD, 4) => return in_order!(ORDER, exchange, "amadd", ".w", addr, operand, F),
        (rmw_op::ADD, 8) => return in_order!(ORDER, exchange, "amadd", ".d", addr, operand, F),
        (rmw_op::AND, 4) => return in_order!(ORDER, exchange, "amand", ".w", addr, operand, F),
        (rmw_op::AND, 8) => return in_order!(ORDER, exchange, "amand", ".d", addr, operand, F),
        (rmw_op::OR, 4) => return in_order!(ORDER, exchange, "amor", ".w", addr, operand, F),
        (rmw_op::OR, 8) => return in_order!(ORDER, exchange, "amor", ".d", addr, operand, F),
        (rmw_op::XOR, 4) => return in_order!(ORDER, exchange, "amxor", ".w", addr, operand, F),
        (rmw_op::XOR, 8) => return in_order!(ORDER, exchange, "amxor", ".d", addr, operand, F),
        _ => {}
    }
    let part = Part::<SIZE>::at(addr);
    let bits = part.place(operand);
    let (word, status) = match OP {
        rmw_op::AND => in_order!(ORDER, exchange, "amand", ".w", part.word, bits | !part.mask, F),
        rmw_op::OR => in_order!(ORDER, exchange, "amor", ".w", part.word, bits, F),
        rmw_op::XOR => in_order!(ORDER, exchange, "amxor", ".w", part.word, bits, F),
        rmw_op::ADD => in_order!(
            ORDER,
            linked,
            "ll.w",
            "sc.w",
            [
                "add.d {new}, {value}, {bits}",
                "xor {new}, {new}, {value}",
                "and {new}, {new}, {mask}",
                "xor {new}, {new}, {value}"
            ],
            part.word,
            F,
            bits = bits,
            mask = part.mask
        ),
        _ => in_order!(
            ORDER,
            linked,
            "ll.w",
            "sc.w",
            ["andn {new}, {value}, {mask}", "or {new}, {new}, {bits}"],
            part.word,
            F,
            bits = bits,
            mask = part.mask
        ),
    };
    (part.take(word), status)
}

/// Replaces a value by `new` if it is `expected`, and returns the former value.
///
/// A value that is not `expected` is stored again. So read-only memory raises a fault whatever it holds, as with the
/// single instructions of other machines.
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
    if SIZE == 8 {
        return in_order!(
            ORDER,
            linked,
            "ll.d",
            "sc.d",
            ["xor {new}, {value}, {expected}", "masknez {new}, {change}, {new}", "xor {new}, {new}, {value}"],
            addr,
            F,
            expected = expected,
            change = expected ^ new
        );
    }
    if SIZE == 4 {
        // LL.W sign-extends what it loads.
        let signed = i64::from(expected as i32);
        return in_order!(
            ORDER,
            linked,
            "ll.w",
            "sc.w",
            ["xor {new}, {value}, {expected}", "masknez {new}, {change}, {new}", "xor {new}, {new}, {value}"],
            addr,
            F,
            expected = signed,
            change = expected ^ new
        );
    }
    let part = Part::<SIZE>::at(addr);
    let (word, status) = in_order!(
        ORDER,
        linked,
        "ll.w",
        "sc.w",
        [
            "xor {new}, {value}, {expected}",
            "and {new}, {new}, {mask}",
            "masknez {new}, {change}, {new}",
            "xor {new}, {new}, {value}"
        ],
        part.word,
        F,
        expected = part.place(expected),
        change = part.place(expected ^ new),
        mask = part.mask
    );
    (part.take(word), status)
}
