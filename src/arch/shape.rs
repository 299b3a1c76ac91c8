// SPDX-License-Identifier: MIT OR Apache-2.0
//! The shape of an inlined access, written once for all machines.
//!
//! A machine's `inline.rs` says which instructions it has, and [`values!`] makes the functions from them. Each
//! instruction that may fault has its entry in the exception table. [`InlineFlags`] states the promises of all these
//! functions.

/// The parameter of all inlined accesses. Here stands what each machine defines for them.
///
/// `SIZE` is 1, 2, 4 or 8 bytes. A value is in the low `SIZE` bytes of a `u64`; the bytes above it are arbitrary, in an
/// argument and in a result. All functions are `#[inline(always)]`. None of them checks or masks an address, and only
/// `open_window` opens the window.
///
/// A **status** of 0 is success. Any other status is the cause that the trap handler wrote into `CAUSE_REGISTER`. The
/// function presets that register to [`UNTOLD`], and clears it after its last access, just before the landing. So a
/// handler that can only set the program counter leaves `UNTOLD`. Atomics may also return [`RETRY`].
///
/// - `Window: Copy`, `open_window() -> Window`, `close_window(Window)`: as the macros of `asm/<arch>` do; nothing in a
///   Linux process. The caller opens the window for atomics, and for `load` and `store` if `VALUES_NEED_WINDOW: bool`
///   is true. (It is false if the machine has unprivileged loads and stores, or no window.)
/// - `load<SIZE, F>(addr) -> (u64, status)`: one instruction if `addr` is aligned. If `addr` is not aligned, it may
///   cross a page, or fault for the alignment, with a cause that has bit 7 set.
/// - `store<SIZE, F>(addr, value) -> status`: one instruction. A store that faults has stored nothing. So `addr` must
///   be aligned to `SIZE` unless `STORES_WORDS_ANYWHERE: bool` is true. If that is false, a store in two pages may
///   leave its second half behind although the first half faults.
/// - `load_at<SIZE, F>(pointer)`, `store_at<SIZE, F>(pointer, value)`: the same by a pointer, whose provenance they use.
/// - `load_two<F>(addr) -> ([u64; 2], status)`, `load_four`, `store_two<F>(addr, [u64; 2]) -> status`, `store_four`:
///   two or four words, in ascending order. `addr` must be aligned to 8 unless `LOADS_WORDS_ANYWHERE: bool` or
///   `STORES_WORDS_ANYWHERE` is true. If a store faults, the words before it have been stored. The landing adds their
///   bytes, shifted by [`STORED`], to the status, with or without a cause from the handler.
/// - `load_kernel<SIZE, F>(addr) -> (u64, status)`: a load with the kernel's own rights. `addr` must be aligned. It
///   needs no window.
/// - `rmw<SIZE, OP, ORDER, F>(addr, operand) -> (u64, status)`: replaces the value by `OP` of it and the operand, and
///   returns the former value. `OP` is one of [`rmw_op`].
/// - `compare_exchange<SIZE, ORDER, F>(addr, expected, new) -> (u64, status)`: replaces the value by `new` if it is
///   `expected`, and returns the former value. That tells whether it was replaced.
///
/// For both atomics, `addr` is aligned. They are indivisible, and ordered as `ORDER`, one of [`order`], says or more
/// strictly. `LOADS_FOLLOW_STORES: bool` is true if a load cannot pass a sequentially consistent store in front of it,
/// so that a sequentially consistent load needs no barrier of its own. They return `RETRY` if other
/// CPUs interfered [`ATOMIC_TRIES`] times. They leave no reservation behind on any path. Entries of instructions that
/// only read have the read flag alone. A value that is not the expected one may be stored again, so read-only memory is
/// refused whatever it holds.
pub trait InlineFlags: Copy + 'static {
    /// The flags of an inlined access's entries, besides its access: [`INLINED`](super::entry::INLINED), and
    /// [`NOFAULT`](super::entry::NOFAULT) for the no-fault forms.
    const FLAGS: u16;
}

/// The status of an inlined access whose handler wrote no cause. `Cause` reads it as "unknown".
pub(crate) const UNTOLD: usize = 1 << 16;

/// The bit from which on a status counts the bytes stored before the access that faulted. `Cause` reads lower bits
/// only.
pub(crate) const STORED: u32 = 24;

/// The status of an atomic with which other CPUs interfered.
pub(crate) const RETRY: usize = 1;

/// How often an atomic tries.
pub(crate) const ATOMIC_TRIES: u32 = 128;

/// The orderings of `rmw` and `compare_exchange`.
pub(crate) mod order {
    /// None but the value's own.
    pub(crate) const RELAXED: u8 = 0;
    /// Later accesses stay behind the load.
    pub(crate) const ACQUIRE: u8 = 1;
    /// Earlier accesses stay in front of the store.
    pub(crate) const RELEASE: u8 = 2;
    /// Both, and sequentially consistent.
    pub(crate) const BOTH: u8 = 3;
}

/// The operations of `rmw`.
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

/// Defines `load`, `load_at`, `load_two`, `load_four`, `load_kernel`, `store`, `store_at`, `store_two` and `store_four`.
///
/// - `machine`: the register of the cause, the instruction that clears it, the options of `asm!`.
/// - `load`, `load_kernel`, `store`: how one access gets its operands (the address, the value), and its instruction for
///   1, 2, 4 and 8 bytes. Operands with names are called `{addr}` and `{value}`.
/// - `words`: two macros that make the text of one load or one store of 8 bytes from a register's name and an offset.
///   Then the place of the stubs of [`store_words!`], with their text.
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
            // SAFETY: both are ours.
            unsafe { load_at::<SIZE, F>(core::ptr::with_exposed_provenance(addr)) }
        }

        /// Loads `SIZE` bytes of user memory, by a pointer.
        ///
        /// # Safety
        ///
        /// 1. and 2. as for [`load`].
        #[inline(always)]
        pub(crate) unsafe fn load_at<const SIZE: usize, F: crate::arch::shape::InlineFlags>(addr: *const u8) -> (u64, usize) {
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
            // SAFETY: both are ours.
            unsafe { store_at::<SIZE, F>(core::ptr::with_exposed_provenance_mut(addr), value) }
        }

        /// Stores the low `SIZE` bytes of `value` to user memory, by a pointer.
        ///
        /// # Safety
        ///
        /// 1. and 2. as for [`load`].
        #[inline(always)]
        pub(crate) unsafe fn store_at<const SIZE: usize, F: crate::arch::shape::InlineFlags>(addr: *mut u8, value: u64) -> usize {
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

/// One instruction that may fault, at the label 2: a load, a store, or an exchange. An exchange does both: it takes an
/// operand and returns the former value.
macro_rules! one {
    (
        load ($cause:tt $clear:literal $options:tt), ([$($from:tt)*] [$($to:tt)*]), $text:literal, $addr:ident, $flags:ty
    ) => {{
        let (value, status): (u64, usize);
        // SAFETY: the caller of the surrounding function guarantees its conditions.
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
        // SAFETY: the caller of the surrounding function guarantees its conditions.
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
        // SAFETY: the caller of the surrounding function guarantees its conditions.
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

/// Several loads of 8 bytes, each with a label.
macro_rules! load_words {
    (
        ($cause:tt $clear:literal $options:tt), ([$($from:tt)*] $to:tt), $load_word:ident, $addr:ident, $flags:ty,
        $($label:literal $insn:literal $at:literal $word:ident),+
    ) => {{
        $(let $word: u64;)+
        let status: usize;
        // SAFETY: the caller of the surrounding function guarantees its conditions.
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

/// Several stores of 8 bytes, each with a label. All but the first have a stub, which adds the bytes stored before to
/// the status.
///
/// `behind` puts the stubs after the function, away from the path of success. An entry reaches 32 KiB. If the function
/// is longer, the entry names the common landing instead: the status then counts 0 bytes, and the caller stores those
/// words again.
///
/// `between` puts the stubs into the block, and success jumps over them. It is for linkers that shorten code
/// (relaxation): for them no assembler can tell the distance to a stub after the function.
macro_rules! store_words {
    (
        ($cause:tt $clear:literal $options:tt), ([$($to:tt)*] $of:tt), $store_word:ident, (behind $stub_text:ident),
        $addr:ident, $words:ident, $flags:ty, $first:ident,
        $($label:literal $insn:literal $at:literal $word:ident $stub:literal $landing:literal),+
    ) => {{
        let [$first, $($word),+] = $words;
        let status: usize;
        // SAFETY: the caller of the surrounding function guarantees its conditions.
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
        // SAFETY: the caller of the surrounding function guarantees its conditions.
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
