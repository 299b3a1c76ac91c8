// SPDX-License-Identifier: MIT OR Apache-2.0
//! Accesses that are expanded where they are used: see `arch::InlineFlags`.
//!
//! The base instructions have atomics of 4 and 8 bytes. One or two bytes are exchanged with the word around
//! them: it lies in the same page, and its other bytes get the value that they have.

use core::arch::asm;

use crate::arch::{
    ATOMIC_TRIES, InlineFlags, RETRY, STORED, UNTOLD,
    entry_flags::{READ, WRITE},
    rmw_op,
};

/// A word that is not aligned may be refused (Reference Manual vol. 1, chapter 2, UAL).
pub(crate) const LOADS_WORDS_ANYWHERE: bool = false;
/// The same of stores.
pub(crate) const STORES_WORDS_ANYWHERE: bool = false;

/// Nothing needs one: kernel code may touch user pages at any time.
pub(crate) const VALUES_NEED_WINDOW: bool = false;

/// The machine has none.
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

/// One load.
macro_rules! load {
    ($load:literal, $addr:ident, $flags:ty) => {{
        let (value, status): (u64, usize);
        // SAFETY: ours.
        unsafe {
            asm!(
                concat!("2: ", $load, " {value}, {addr}, 0"),
                "move $a1, $zero",
                "3:",
                crate::__ex_entry!("2b", "3b", "{flags}"),
                flags = const <$flags>::FLAGS | READ,
                addr = in(reg) $addr,
                value = out(reg) value,
                inout("$a1") UNTOLD => status,
                options(nostack),
            );
        }
        (value, status)
    }};
}

/// Loads `SIZE` bytes of user memory.
///
/// # Safety
///
/// 1. The bytes at `addr` are user memory, or cannot be translated; the window is open.
#[inline(always)]
pub(crate) unsafe fn load<const SIZE: usize, F: InlineFlags>(addr: usize) -> (u64, usize) {
    match SIZE {
        1 => load!("ld.bu", addr, F),
        2 => load!("ld.hu", addr, F),
        4 => load!("ld.wu", addr, F),
        _ => load!("ld.d", addr, F),
    }
}

/// As many loads of 8 bytes, with a label each.
macro_rules! load_words {
    ($addr:ident, $flags:ty, $($label:literal $insn:literal $at:literal $word:ident),+) => {{
        $(let $word: u64;)+
        let status: usize;
        // SAFETY: ours.
        unsafe {
            asm!(
                $(concat!($label, ": ld.d {", stringify!($word), "}, {addr}, ", $at),)+
                "move $a1, $zero",
                "3:",
                $(crate::__ex_entry!($insn, "3b", "{flags}"),)+
                flags = const <$flags>::FLAGS | READ,
                addr = in(reg) $addr,
                $($word = out(reg) $word,)+
                inout("$a1") UNTOLD => status,
                options(nostack),
            );
        }
        ([$($word),+], status)
    }};
}

/// Loads two words of user memory.
///
/// # Safety
///
/// 1. The bytes at `addr` are user memory, or cannot be translated; the window is open.
#[inline(always)]
pub(crate) unsafe fn load_two<F: InlineFlags>(addr: usize) -> ([u64; 2], usize) {
    load_words!(addr, F, "2" "2b" 0 a, "4" "4b" 8 b)
}

/// Loads four words of user memory.
///
/// # Safety
///
/// 1. The bytes at `addr` are user memory, or cannot be translated; the window is open.
#[inline(always)]
pub(crate) unsafe fn load_four<F: InlineFlags>(addr: usize) -> ([u64; 4], usize) {
    load_words!(addr, F, "2" "2b" 0 a, "4" "4b" 8 b, "5" "5b" 16 c, "6" "6b" 24 d)
}

/// Loads `SIZE` bytes of kernel memory: the kernel's rights are what `load` has.
///
/// # Safety
///
/// 1. Reading what is at `addr`, if anything is, has no effect.
#[inline(always)]
pub(crate) unsafe fn load_kernel<const SIZE: usize, F: InlineFlags>(addr: usize) -> (u64, usize) {
    // SAFETY: (1) makes it as good as user memory.
    unsafe { load::<SIZE, F>(addr) }
}

/// One store.
macro_rules! store {
    ($store:literal, $addr:ident, $value:ident, $flags:ty) => {{
        let status: usize;
        // SAFETY: ours.
        unsafe {
            asm!(
                concat!("2: ", $store, " {value}, {addr}, 0"),
                "move $a1, $zero",
                "3:",
                crate::__ex_entry!("2b", "3b", "{flags}"),
                flags = const <$flags>::FLAGS | WRITE,
                addr = in(reg) $addr,
                value = in(reg) $value,
                inout("$a1") UNTOLD => status,
                options(nostack),
            );
        }
        status
    }};
}

/// Stores the low `SIZE` bytes of `value` to user memory.
///
/// # Safety
///
/// 1. The bytes at `addr` are user memory, or cannot be translated; the window is open.
#[inline(always)]
pub(crate) unsafe fn store<const SIZE: usize, F: InlineFlags>(addr: usize, value: u64) -> usize {
    match SIZE {
        1 => store!("st.b", addr, value, F),
        2 => store!("st.h", addr, value, F),
        4 => store!("st.w", addr, value, F),
        _ => store!("st.d", addr, value, F),
    }
}

/// As many stores of 8 bytes, with a label each: the first, and those with a stub that adds what has been stored in
/// front.
///
/// The stubs lie in between, and success jumps over them: behind the function, linker relaxation might move them, and
/// the assembler could not tell how far away they are.
macro_rules! store_words {
    (
        $addr:ident, $words:ident, $flags:ty, $first:ident,
        $($label:literal $insn:literal $at:literal $word:ident $stub:literal $landing:literal),+
    ) => {{
        let [$first, $($word),+] = $words;
        let status: usize;
        // SAFETY: ours.
        unsafe {
            asm!(
                concat!("2: st.d {", stringify!($first), "}, {addr}, 0"),
                $(concat!($label, ": st.d {", stringify!($word), "}, {addr}, ", $at),)+
                "move $a1, $zero",
                "b 3f",
                $(concat!($stub, ": lu12i.w {stored}, ", $at, " << ({shift} - 12)"), "b 9f",)+
                "9: or $a1, $a1, {stored}",
                "3:",
                crate::__ex_entry!("2b", "3b", "{flags}"),
                $(crate::__ex_entry!($insn, $landing, "{flags}"),)+
                flags = const <$flags>::FLAGS | WRITE,
                shift = const STORED,
                addr = in(reg) $addr,
                $first = in(reg) $first,
                $($word = in(reg) $word,)+
                stored = lateout(reg) _,
                inout("$a1") UNTOLD => status,
                options(nostack),
            );
        }
        status
    }};
}

/// Stores two words to user memory.
///
/// # Safety
///
/// 1. The bytes at `addr` are user memory, or cannot be translated; the window is open.
#[inline(always)]
pub(crate) unsafe fn store_two<F: InlineFlags>(addr: usize, words: [u64; 2]) -> usize {
    store_words!(addr, words, F, a, "4" "4b" 8 b "7" "7b")
}

/// Stores four words to user memory.
///
/// # Safety
///
/// 1. The bytes at `addr` are user memory, or cannot be translated; the window is open.
#[inline(always)]
pub(crate) unsafe fn store_four<F: InlineFlags>(addr: usize, words: [u64; 4]) -> usize {
    store_words!(addr, words, F, a, "4" "4b" 8 b "6" "6b", "5" "5b" 16 c "7" "7b", "8" "8b" 24 d "10" "10b")
}

/// One atomic instruction. The forms with `_db` are barriers on both sides; the register that gets the value
/// before must be none of the others (Reference Manual vol. 1, chapter 2, AM*).
macro_rules! exchange {
    ($insn:literal, $addr:expr, $operand:expr, $flags:ty) => {{
        let (value, status): (u64, usize);
        // SAFETY: ours.
        unsafe {
            asm!(
                concat!("2: ", $insn, " {value}, {operand}, {addr}"),
                "move $a1, $zero",
                "3:",
                crate::__ex_entry!("2b", "3b", "{flags}"),
                flags = const <$flags>::FLAGS | READ | WRITE,
                addr = in(reg) $addr,
                operand = in(reg) $operand,
                value = out(reg) value,
                inout("$a1") UNTOLD => status,
                options(nostack),
            );
        }
        (value, status)
    }};
}

/// Loads a word, lets `$compute` make {new} of it, and puts that in its place, until nobody was in between.
///
/// Only a fault leaves without SC, and the return from its exception ends the reservation (vol. 1, chapter 7,
/// LLBCTL).
macro_rules! linked {
    (
        $load:literal, $replace:literal, [$($compute:literal),+], $addr:expr, $flags:ty,
        $($operand:ident = $value:expr),+
    ) => {{
        let (value, status): (u64, usize);
        // SAFETY: ours.
        unsafe {
            asm!(
                "dbar 0",
                concat!("2: ", $load, " {value}, {addr}, 0"),
                $($compute,)+
                concat!("5: ", $replace, " {new}, {addr}, 0"),
                "bnez {new}, 4f",
                "addi.d {tries}, {tries}, -1",
                "bnez {tries}, 2b",
                "ori $a1, $zero, {retry}",
                "b 3f",
                "4: dbar 0",
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
    match (OP, SIZE) {
        (rmw_op::SWAP, 4) => return exchange!("amswap_db.w", addr, operand, F),
        (rmw_op::SWAP, 8) => return exchange!("amswap_db.d", addr, operand, F),
        (rmw_op::ADD, 4) => return exchange!("amadd_db.w", addr, operand, F),
        (rmw_op::ADD, 8) => return exchange!("amadd_db.d", addr, operand, F),
        (rmw_op::AND, 4) => return exchange!("amand_db.w", addr, operand, F),
        (rmw_op::AND, 8) => return exchange!("amand_db.d", addr, operand, F),
        (rmw_op::OR, 4) => return exchange!("amor_db.w", addr, operand, F),
        (rmw_op::OR, 8) => return exchange!("amor_db.d", addr, operand, F),
        (rmw_op::XOR, 4) => return exchange!("amxor_db.w", addr, operand, F),
        (rmw_op::XOR, 8) => return exchange!("amxor_db.d", addr, operand, F),
        _ => {}
    }
    let part = Part::<SIZE>::at(addr);
    let bits = part.place(operand);
    let (word, status) = match OP {
        rmw_op::AND => exchange!("amand_db.w", part.word, bits | !part.mask, F),
        rmw_op::OR => exchange!("amor_db.w", part.word, bits, F),
        rmw_op::XOR => exchange!("amxor_db.w", part.word, bits, F),
        rmw_op::ADD => linked!(
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
        _ => linked!(
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

/// Replaces a value by `new` if it is `expected`, and returns the value before.
///
/// A value that is not `expected` is replaced by itself: so memory that cannot be written is a fault whatever
/// it holds, as with the single instructions of other machines.
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
    if SIZE == 8 {
        return linked!(
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
        // What LL.W loads it extends by the sign.
        let signed = i64::from(expected as i32);
        return linked!(
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
    let (word, status) = linked!(
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

/// The place of one or two bytes in the aligned word of 4 around them.
#[derive(Clone, Copy)]
struct Part<const SIZE: usize> {
    word: usize,
    shift: u32,
    mask: u64,
}

impl<const SIZE: usize> Part<SIZE> {
    #[inline(always)]
    fn at(addr: usize) -> Self {
        const BITS: u32 = u8::BITS;
        let shift = (addr % 4) as u32 * BITS;
        let ones = if SIZE == 1 { u64::from(u8::MAX) } else { u64::from(u16::MAX) };
        Self { word: addr & !3, shift, mask: ones << shift }
    }

    /// The word that has these bytes there and is 0 elsewhere.
    #[inline(always)]
    fn place(self, bits: u64) -> u64 {
        (bits << self.shift) & self.mask
    }

    /// The bytes that a word has there, as the lowest.
    #[inline(always)]
    fn take(self, word: u64) -> u64 {
        word >> self.shift
    }
}
