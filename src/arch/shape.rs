// SPDX-License-Identifier: MIT OR Apache-2.0
//! The shape of an access that is expanded where it is used, written once for all machines.
//!
//! A machine's `inline.rs` says which instructions it has; [`values!`] makes the functions of them. Each instruction
//! that may fault has its entry in the table. What all of them promise is at [`InlineFlags`].

/// The parameter of all inlined accesses, and what they consist of, the same on each machine.
///
/// `SIZE` is 1, 2, 4 or 8 bytes. Values travel in the low `SIZE` bytes of a `u64`; what stands above them, in
/// an argument or in a result, is arbitrary. All functions are `#[inline(always)]`. None of them checks or masks an
/// address, and only `open_window` opens the window.
///
/// A **status** of 0 is success. Else it is what the trap handler wrote into `CAUSE_REGISTER`: the function
/// presets that to [`UNTOLD`] and clears it behind its last access, just in front of the landing. So a
/// handler that can only set the program counter leaves `UNTOLD`. Atomics may answer [`RETRY`] as well.
///
/// - `Window: Copy`, `open_window() -> Window`, `close_window(Window)`: as the macros of `asm/<arch>` do;
///   nothing in a Linux process. Atomics, and `load` and `store` where `VALUES_NEED_WINDOW: bool`, are called
///   inside. (It is false where there are unprivileged loads and stores.)
/// - `load<SIZE, F>(addr) -> (u64, status)`: one instruction if `addr` is aligned. If it is not, it may fault for
///   that, with a cause that has bit 7 set, or cross a page.
/// - `store<SIZE, F>(addr, value) -> status`: one instruction. `addr` is aligned to `SIZE` unless
///   `STORES_WORDS_ANYWHERE: bool`: where that is false, a store in two pages may leave its second half behind
///   although the first faults. So a store that faults has stored nothing.
/// - `load_two<F>(addr) -> ([u64; 2], status)`, `load_four`, `store_two<F>(addr, [u64; 2]) -> status`, `store_four`:
///   as many words, in ascending order. `addr` is aligned to 8 unless `LOADS_WORDS_ANYWHERE: bool`, or
///   `STORES_WORDS_ANYWHERE`. Words in front of the one that faults have been stored: their bytes, shifted by
///   [`STORED`], are added to the status on the way from the landing, whether it was told a cause or not.
/// - `load_kernel<SIZE, F>(addr) -> (u64, status)`: the same with the kernel's own rights and `addr` aligned;
///   no window.
/// - `rmw<SIZE, OP, F>(addr, operand) -> (u64, status)`: puts `OP` of the value and the operand in the
///   value's place and returns what it was; `OP` is one of [`rmw_op`].
/// - `compare_exchange<SIZE, F>(addr, expected, new) -> (u64, status)`: puts `new` in the value's place if
///   that is `expected`, and returns what it was, which tells whether it has.
///
/// Both atomics get `addr` aligned, are indivisible and sequentially consistent, answer `RETRY` if others
/// were in the way [`ATOMIC_TRIES`] times, and leave no reservation behind on any path. Entries of
/// instructions that only read say so. A value that is not the expected one may be stored again, so that read-only
/// memory is refused whatever it holds.
pub trait InlineFlags: Copy + 'static {
    /// What the entries of an inlined access say besides the access: [`INLINED`](super::entry::INLINED), and
    /// [`NOFAULT`](super::entry::NOFAULT) or not.
    const FLAGS: u16;
}

/// The status of an inlined access whose landing was not told a cause: `Cause` knows it as "unknown".
pub(crate) const UNTOLD: usize = 1 << 16;

/// Where a status says how many bytes have been stored in front of the access that faulted: `Cause` looks at lower bits.
pub(crate) const STORED: u32 = 24;

/// The status of an atomic that others were in the way of.
pub(crate) const RETRY: usize = 1;

/// How often an atomic tries.
pub(crate) const ATOMIC_TRIES: u32 = 128;

/// What `rmw` does.
pub(crate) mod rmw_op {
    /// Replaces.
    pub(crate) const SWAP: u8 = 0;
    /// Adds, wrapping.
    pub(crate) const ADD: u8 = 1;
    /// And.
    pub(crate) const AND: u8 = 2;
    /// Or.
    pub(crate) const OR: u8 = 3;
    /// Exclusive or.
    pub(crate) const XOR: u8 = 4;
}

/// Defines `load`, `load_two`, `load_four`, `load_kernel`, `store`, `store_two` and `store_four`.
///
/// - `machine`: the register of the cause, the instruction that clears it, the options of `asm!`.
/// - `load`, `load_kernel`, `store`: how the operands of one access are passed (the address, the value), and the
///   instruction for 1, 2, 4 and 8 bytes. Where operands have names, those are `{addr}` and `{value}`.
/// - `words`: the macros that make the text of one load and one store of 8 bytes of a register's name and an offset;
///   and where the stubs of [`store_words!`] lie, with their text.
macro_rules! values {
    (
        machine: $machine:tt,
        load: $load:tt $load1:literal $load2:literal $load4:literal $load8:literal,
        load_kernel: $kernel:tt $kernel1:literal $kernel2:literal $kernel4:literal $kernel8:literal,
        store: $store:tt $store1:literal $store2:literal $store4:literal $store8:literal,
        words: $load_word:ident $store_word:ident $stubs:tt,
    ) => {
        /// Loads `SIZE` bytes of user memory.
        ///
        /// # Safety
        ///
        /// 1. The bytes at `addr` are user memory, or cannot be translated.
        /// 2. The window is open, if values need one.
        #[inline(always)]
        pub(crate) unsafe fn load<const SIZE: usize, F: crate::arch::shape::InlineFlags>(addr: usize) -> (u64, usize) {
            match SIZE {
                1 => one!(load $machine, $load, $load1, addr, F),
                2 => one!(load $machine, $load, $load2, addr, F),
                4 => one!(load $machine, $load, $load4, addr, F),
                _ => one!(load $machine, $load, $load8, addr, F),
            }
        }

        /// Loads two words of user memory.
        ///
        /// # Safety
        ///
        /// 1. and 2. as for [`load`].
        #[inline(always)]
        pub(crate) unsafe fn load_two<F: crate::arch::shape::InlineFlags>(addr: usize) -> ([u64; 2], usize) {
            load_words!($machine, $load, $load_word, addr, F, "2" "2b" 0 a, "4" "4b" 8 b)
        }

        /// Loads four words of user memory.
        ///
        /// # Safety
        ///
        /// 1. and 2. as for [`load`].
        #[inline(always)]
        pub(crate) unsafe fn load_four<F: crate::arch::shape::InlineFlags>(addr: usize) -> ([u64; 4], usize) {
            load_words!(
                $machine, $load, $load_word, addr, F, "2" "2b" 0 a, "4" "4b" 8 b, "5" "5b" 16 c, "6" "6b" 24 d
            )
        }

        /// Loads `SIZE` bytes of kernel memory.
        ///
        /// # Safety
        ///
        /// 1. Reading what is at `addr`, if anything is, has no effect.
        #[inline(always)]
        pub(crate) unsafe fn load_kernel<const SIZE: usize, F: crate::arch::shape::InlineFlags>(addr: usize) -> (u64, usize) {
            match SIZE {
                1 => one!(load $machine, $kernel, $kernel1, addr, F),
                2 => one!(load $machine, $kernel, $kernel2, addr, F),
                4 => one!(load $machine, $kernel, $kernel4, addr, F),
                _ => one!(load $machine, $kernel, $kernel8, addr, F),
            }
        }

        /// Stores the low `SIZE` bytes of `value` to user memory.
        ///
        /// # Safety
        ///
        /// 1. and 2. as for [`load`].
        #[inline(always)]
        pub(crate) unsafe fn store<const SIZE: usize, F: crate::arch::shape::InlineFlags>(addr: usize, value: u64) -> usize {
            match SIZE {
                1 => one!(store $machine, $store, $store1, addr, value, F),
                2 => one!(store $machine, $store, $store2, addr, value, F),
                4 => one!(store $machine, $store, $store4, addr, value, F),
                _ => one!(store $machine, $store, $store8, addr, value, F),
            }
        }

        /// Stores two words to user memory.
        ///
        /// # Safety
        ///
        /// 1. and 2. as for [`load`].
        #[inline(always)]
        pub(crate) unsafe fn store_two<F: crate::arch::shape::InlineFlags>(addr: usize, words: [u64; 2]) -> usize {
            store_words!($machine, $store, $store_word, $stubs, addr, words, F, a, "4" "4b" 8 b "7" "7b")
        }

        /// Stores four words to user memory.
        ///
        /// # Safety
        ///
        /// 1. and 2. as for [`load`].
        #[inline(always)]
        pub(crate) unsafe fn store_four<F: crate::arch::shape::InlineFlags>(addr: usize, words: [u64; 4]) -> usize {
            store_words!(
                $machine, $store, $store_word, $stubs, addr, words, F, a,
                "4" "4b" 8 b "7" "7b", "5" "5b" 16 c "8" "8b", "6" "6b" 24 d "9" "9b"
            )
        }
    };
}

/// One instruction that may fault, behind the label 2: a load, a store, or one that does both, takes an operand and gives
/// the value before.
macro_rules! one {
    (
        load ($cause:tt $clear:literal $options:tt), ([$($from:tt)*] [$($to:tt)*]), $text:literal, $addr:ident, $flags:ty
    ) => {{
        let (value, status): (u64, usize);
        // SAFETY: ours.
        unsafe {
            core::arch::asm!(
                concat!("2: ", $text),
                $clear,
                "3:",
                crate::__ex_entry!("2b", "3b", "{flags}"),
                flags = const <$flags>::FLAGS | crate::arch::entry::READ,
                $($from)* $addr,
                $($to)* value,
                inout($cause) crate::arch::shape::UNTOLD => status,
                options $options,
            );
        }
        (value, status)
    }};
    (
        store ($cause:tt $clear:literal $options:tt), ([$($to:tt)*] [$($of:tt)*]), $text:literal,
        $addr:ident, $value:ident, $flags:ty
    ) => {{
        let status: usize;
        // SAFETY: ours.
        unsafe {
            core::arch::asm!(
                concat!("2: ", $text),
                $clear,
                "3:",
                crate::__ex_entry!("2b", "3b", "{flags}"),
                flags = const <$flags>::FLAGS | crate::arch::entry::WRITE,
                $($to)* $addr,
                $($of)* $value,
                inout($cause) crate::arch::shape::UNTOLD => status,
                options $options,
            );
        }
        status
    }};
    (
        exchange ($cause:tt $clear:literal $options:tt), [$($to:tt)*], $text:expr, $addr:expr, $operand:expr, $flags:ty
    ) => {{
        let (value, status): (u64, usize);
        // SAFETY: ours.
        unsafe {
            core::arch::asm!(
                $text,
                $clear,
                "3:",
                crate::__ex_entry!("2b", "3b", "{flags}"),
                flags = const <$flags>::FLAGS | crate::arch::entry::READ | crate::arch::entry::WRITE,
                addr = in(reg) $addr,
                operand = in(reg) $operand,
                value = $($to)* value,
                inout($cause) crate::arch::shape::UNTOLD => status,
                options $options,
            );
        }
        (value, status)
    }};
}

/// As many loads of 8 bytes, with a label each.
macro_rules! load_words {
    (
        ($cause:tt $clear:literal $options:tt), ([$($from:tt)*] $to:tt), $load_word:ident, $addr:ident, $flags:ty,
        $($label:literal $insn:literal $at:literal $word:ident),+
    ) => {{
        $(let $word: u64;)+
        let status: usize;
        // SAFETY: ours.
        unsafe {
            core::arch::asm!(
                $(concat!($label, ": ", $load_word!($word, $at)),)+
                $clear,
                "3:",
                $(crate::__ex_entry!($insn, "3b", "{flags}"),)+
                flags = const <$flags>::FLAGS | crate::arch::entry::READ,
                $($from)* $addr,
                $($word = out(reg) $word,)+
                inout($cause) crate::arch::shape::UNTOLD => status,
                options $options,
            );
        }
        ([$($word),+], status)
    }};
}

/// As many stores of 8 bytes, with a label each: the first, and those with a stub that adds to the status what has been
/// stored in front.
///
/// `behind` puts the stubs behind the function, out of the way of success. Where a function is so long that the entry
/// does not reach its stub, 32 KiB, it names the common landing: the status says 0, and those words are stored again.
///
/// `between` puts them into the block, and success jumps over them: for linkers that shorten code (relaxation), in front
/// of which no assembler can tell how far away something behind the function is.
macro_rules! store_words {
    (
        ($cause:tt $clear:literal $options:tt), ([$($to:tt)*] $of:tt), $store_word:ident, (behind $stub_text:ident),
        $addr:ident, $words:ident, $flags:ty, $first:ident,
        $($label:literal $insn:literal $at:literal $word:ident $stub:literal $landing:literal),+
    ) => {{
        let [$first, $($word),+] = $words;
        let status: usize;
        // SAFETY: ours.
        unsafe {
            core::arch::asm!(
                concat!("2: ", $store_word!($first, 0)),
                $(concat!($label, ": ", $store_word!($word, $at)),)+
                $clear,
                "3:",
                ".subsection 1",
                $(concat!($stub, ": ", $stub_text!($at)),)+
                ".previous",
                crate::__ex_entry!("2b", "3b", "{flags}"),
                $(crate::__ex_entry!(
                    $insn,
                    concat!("(3b + (", $landing, " - 3b) * (((", $landing, " - ", $insn, ") >> 15 == 0) & 1))"),
                    "{flags}"
                ),)+
                flags = const <$flags>::FLAGS | crate::arch::entry::WRITE,
                stored = const crate::arch::shape::STORED,
                $($to)* $addr,
                $first = in(reg) $first,
                $($word = in(reg) $word,)+
                inout($cause) crate::arch::shape::UNTOLD => status,
                options $options,
            );
        }
        status
    }};
    (
        ($cause:tt $clear:literal $options:tt), ([$($to:tt)*] $of:tt), $store_word:ident,
        (between $jump:literal $stub_text:ident $add:literal),
        $addr:ident, $words:ident, $flags:ty, $first:ident,
        $($label:literal $insn:literal $at:literal $word:ident $stub:literal $landing:literal),+
    ) => {{
        let [$first, $($word),+] = $words;
        let status: usize;
        // SAFETY: ours.
        unsafe {
            core::arch::asm!(
                concat!("2: ", $store_word!($first, 0)),
                $(concat!($label, ": ", $store_word!($word, $at)),)+
                $clear,
                concat!($jump, " 3f"),
                $(concat!($stub, ": ", $stub_text!($at), "\n", $jump, " 12f"),)+
                concat!("12: ", $add),
                "3:",
                crate::__ex_entry!("2b", "3b", "{flags}"),
                $(crate::__ex_entry!($insn, $landing, "{flags}"),)+
                flags = const <$flags>::FLAGS | crate::arch::entry::WRITE,
                shift = const crate::arch::shape::STORED,
                $($to)* $addr,
                $first = in(reg) $first,
                $($word = in(reg) $word,)+
                stored = lateout(reg) _,
                inout($cause) crate::arch::shape::UNTOLD => status,
                options $options,
            );
        }
        status
    }};
}
