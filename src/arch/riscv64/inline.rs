// SPDX-License-Identifier: MIT OR Apache-2.0
//! Accesses that are expanded where they are used: see `arch::InlineFlags`.
//!
//! Atomics of 4 and 8 bytes are AMOs; so are and, or and xor of 1 and 2 bytes, on the word around, with an
//! operand that leaves the neighbours as they are. The rest are loops of LR and SC. With both aq and rl set,
//! and an LR with both in front of an SC with rl, they are sequentially consistent (Unprivileged ISA, "Code
//! Porting and Mapping Guidelines"). The extensions that would spare the loops, Zabha and Zacas, cannot be
//! asked for in supervisor mode.
//!
//! The loops are short enough to come through at last (Unprivileged ISA, "Eventual Success of
//! Store-Conditional Instructions"). Behind each LR comes its SC, which gives up the reservation, unless one
//! of the two faults; what is left then is harmless: an SC without an LR in front does not exist.

use core::arch::asm;

use super::{IS_KERNEL, SSTATUS_SUM};
use crate::arch::{
    ATOMIC_TRIES, InlineFlags, RETRY, STORED, UNTOLD,
    entry_flags::{READ, WRITE},
    rmw_op,
};

/// A word that is not aligned may trap, or be emulated at a hundred times its cost, and no instruction tells
/// (Unprivileged ISA, "Load and Store Instructions").
pub(crate) const LOADS_WORDS_ANYWHERE: bool = false;
/// The same of stores.
pub(crate) const STORES_WORDS_ANYWHERE: bool = false;

/// Plain loads and stores of user pages are what a clear SUM refuses.
pub(crate) const VALUES_NEED_WINDOW: bool = true;

/// The bits of sstatus that this call has set.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window(usize);

/// Opens the window, unless it is open: as `axptr_window_open` does.
#[inline(always)]
pub(crate) fn open_window() -> Window {
    if !IS_KERNEL {
        return Window(0);
    }
    let sstatus: usize;
    // SAFETY: concerns accesses to user pages only; `close_window` undoes it.
    unsafe { asm!("csrrs {}, sstatus, {}", lateout(reg) sstatus, in(reg) SSTATUS_SUM, options(nostack)) };
    Window(!sstatus & SSTATUS_SUM)
}

/// Closes what `open_window` has opened.
#[inline(always)]
pub(crate) fn close_window(window: Window) {
    if IS_KERNEL {
        // SAFETY: clears what `open_window` has set.
        unsafe { asm!("csrc sstatus, {}", in(reg) window.0, options(nostack)) };
    }
}

/// One load.
macro_rules! load {
    ($insn:literal, $addr:ident, $flags:ty) => {{
        let (value, status): (u64, usize);
        // SAFETY: ours.
        unsafe {
            asm!(
                concat!("2: ", $insn, " {value}, 0({addr})"),
                "li a1, 0",
                "3:",
                crate::__ex_entry!("2b", "3b", "{flags}"),
                flags = const <$flags>::FLAGS | READ,
                addr = in(reg) $addr,
                value = lateout(reg) value,
                inout("a1") UNTOLD => status,
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
        1 => load!("lbu", addr, F),
        2 => load!("lhu", addr, F),
        4 => load!("lwu", addr, F),
        _ => load!("ld", addr, F),
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
                $(concat!($label, ": ld {", stringify!($word), "}, ", $at, "({addr})"),)+
                "li a1, 0",
                "3:",
                $(crate::__ex_entry!($insn, "3b", "{flags}"),)+
                flags = const <$flags>::FLAGS | READ,
                addr = in(reg) $addr,
                $($word = out(reg) $word,)+
                inout("a1") UNTOLD => status,
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
    ($insn:literal, $addr:ident, $value:ident, $flags:ty) => {{
        let status: usize;
        // SAFETY: ours.
        unsafe {
            asm!(
                concat!("2: ", $insn, " {value}, 0({addr})"),
                "li a1, 0",
                "3:",
                crate::__ex_entry!("2b", "3b", "{flags}"),
                flags = const <$flags>::FLAGS | WRITE,
                addr = in(reg) $addr,
                value = in(reg) $value,
                inout("a1") UNTOLD => status,
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
        1 => store!("sb", addr, value, F),
        2 => store!("sh", addr, value, F),
        4 => store!("sw", addr, value, F),
        _ => store!("sd", addr, value, F),
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
                concat!("2: sd {", stringify!($first), "}, 0({addr})"),
                $(concat!($label, ": sd {", stringify!($word), "}, ", $at, "({addr})"),)+
                "li a1, 0",
                "j 3f",
                $(concat!($stub, ": lui {stored}, ", $at, " << ({shift} - 12)"), "j 9f",)+
                "9: or a1, a1, {stored}",
                "3:",
                crate::__ex_entry!("2b", "3b", "{flags}"),
                $(crate::__ex_entry!($insn, $landing, "{flags}"),)+
                flags = const <$flags>::FLAGS | WRITE,
                shift = const STORED,
                addr = in(reg) $addr,
                $first = in(reg) $first,
                $($word = in(reg) $word,)+
                stored = lateout(reg) _,
                inout("a1") UNTOLD => status,
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

/// One AMO.
macro_rules! amo {
    ($insn:literal, $addr:expr, $operand:expr, $flags:ty) => {{
        let (value, status): (u64, usize);
        // SAFETY: ours.
        unsafe {
            asm!(
                concat!("2: ", $insn, ".aqrl {value}, {operand}, ({addr})"),
                "li a1, 0",
                "3:",
                crate::__ex_entry!("2b", "3b", "{flags}"),
                flags = const <$flags>::FLAGS | READ | WRITE,
                addr = in(reg) $addr,
                operand = in(reg) $operand,
                value = lateout(reg) value,
                inout("a1") UNTOLD => status,
                options(nostack),
            );
        }
        (value, status)
    }};
}

/// Loads what is at an address and replaces it, until nobody was in between.
///
/// `$compute` stands between the two and leaves in `{new}` what becomes of `{old}`. It is a few instructions
/// of the base set, and jumps forward only.
macro_rules! replace {
    ($width:literal, [$($compute:literal,)+], $addr:expr, $flags:ty, $($operands:tt)*) => {{
        let (old, status): (u64, usize);
        // SAFETY: ours.
        unsafe {
            asm!(
                concat!("4: lr.", $width, ".aqrl {old}, ({addr})"),
                $($compute,)+
                concat!("5: sc.", $width, ".rl {new}, {new}, ({addr})"),
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

/// Where a value of 1 or 2 bytes lies in the aligned word around it.
#[derive(Clone, Copy, Debug)]
struct Part {
    word: usize,
    shift: usize,
    mask: u64,
}

impl Part {
    #[inline(always)]
    fn of<const SIZE: usize>(addr: usize) -> Self {
        let shift = addr % 4 * 8;
        Self { word: addr & !3, shift, mask: ((1 << (8 * SIZE)) - 1) << shift }
    }

    /// A value in its place, zeros around it.
    #[inline(always)]
    fn place(self, value: u64) -> u64 {
        value << self.shift & self.mask
    }

    /// The value out of its place.
    #[inline(always)]
    fn take(self, (word, status): (u64, usize)) -> (u64, usize) {
        (word >> self.shift, status)
    }
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
        // SAFETY: (1) is ours.
        (_, 1 | 2) => unsafe { rmw_part::<OP, F>(Part::of::<SIZE>(addr), operand) },
        (rmw_op::SWAP, 4) => amo!("amoswap.w", addr, operand, F),
        (rmw_op::SWAP, _) => amo!("amoswap.d", addr, operand, F),
        (rmw_op::ADD, 4) => amo!("amoadd.w", addr, operand, F),
        (rmw_op::ADD, _) => amo!("amoadd.d", addr, operand, F),
        (rmw_op::AND, 4) => amo!("amoand.w", addr, operand, F),
        (rmw_op::AND, _) => amo!("amoand.d", addr, operand, F),
        (rmw_op::OR, 4) => amo!("amoor.w", addr, operand, F),
        (rmw_op::OR, _) => amo!("amoor.d", addr, operand, F),
        (_, 4) => amo!("amoxor.w", addr, operand, F),
        _ => amo!("amoxor.d", addr, operand, F),
    }
}

/// `rmw` of a part of a word.
///
/// # Safety
///
/// 1. As for [`rmw`].
#[inline(always)]
unsafe fn rmw_part<const OP: u8, F: InlineFlags>(part: Part, operand: u64) -> (u64, usize) {
    let placed = part.place(operand);
    part.take(match OP {
        rmw_op::SWAP => replace!(
            "w",
            [
                "xor {new}, {old}, {placed}",
                "and {new}, {new}, {mask}",
                "xor {new}, {new}, {old}",
            ],
            part.word, F, placed = in(reg) placed, mask = in(reg) part.mask,
        ),
        rmw_op::ADD => replace!(
            "w",
            [
                "add {new}, {old}, {placed}",
                "xor {new}, {new}, {old}",
                "and {new}, {new}, {mask}", // no carry into the neighbour
                "xor {new}, {new}, {old}",
            ],
            part.word, F, placed = in(reg) placed, mask = in(reg) part.mask,
        ),
        rmw_op::AND => amo!("amoand.w", part.word, placed | !part.mask, F),
        rmw_op::OR => amo!("amoor.w", part.word, placed, F),
        _ => amo!("amoxor.w", part.word, placed, F),
    })
}

/// Replaces a value by `new` if it is `expected`, and returns the value before.
///
/// A value that is another is stored again, so that what may not be written is a fault whatever it holds.
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
        1 | 2 => {
            let part = Part::of::<SIZE>(addr);
            let (expected, new) = (part.place(expected), part.place(new));
            part.take(replace!(
                "w",
                [
                    "xor {new}, {old}, {expected}",
                    "and {new}, {new}, {mask}",
                    "seqz {new}, {new}",
                    "neg {new}, {new}", // all bits if it is the one that is expected, else none
                    "and {new}, {new}, {change}",
                    "xor {new}, {new}, {old}",
                ],
                part.word, F, expected = in(reg) expected, change = in(reg) expected ^ new,
                mask = in(reg) part.mask,
            ))
        }
        4 => {
            // What LR.W loads has its upper half filled with the sign.
            let expected = i64::from(expected as i32);
            replace!(
                "w",
                ["mv {new}, {old}", "bne {old}, {expected}, 5f", "mv {new}, {wanted}",],
                addr, F, expected = in(reg) expected, wanted = in(reg) new,
            )
        }
        _ => replace!(
            "d",
            ["mv {new}, {old}", "bne {old}, {expected}, 5f", "mv {new}, {wanted}",],
            addr, F, expected = in(reg) expected, wanted = in(reg) new,
        ),
    }
}
