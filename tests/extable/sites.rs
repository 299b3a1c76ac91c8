// SPDX-License-Identifier: MIT OR Apache-2.0
//! Instructions with entries of their own, on every machine; what they are on each is in its file.

/// One access by `$insn`, with its own table entry; or the name of the cause's register, of the registers alone.
///
/// `$machine` names the registers: the instruction reads at one, writes at another, and may change a third. The
/// lines before it put its address in `{insn}`, that of the landing in `{landing}`, and 0 in the third register
/// and the cause's. Those behind it put 0 in `{faulted}`, and begin the landing with `{tag}`.
macro_rules! site {
    ({
        reads: $reads:tt, writes: $writes:tt, changes: $changes:tt, cause: $cause:tt,
        $($text:tt)+
    }) => {
        $cause
    };
    ($machine:tt, $insn:literal, $access:ident, $read:expr, $write:expr) => {
        $crate::sites::site!($machine, $insn, $access, $read, $write, 0)
    };
    (
        {
            reads: $reads:tt, writes: $writes:tt, changes: $changes:tt, cause: $cause:tt,
            before: [$($before:literal),+], behind: [$($behind:literal),+],
        },
        $insn:literal, $access:ident, $read:expr, $write:expr, $tag:expr
    ) => {{
        let (insn, landing, cause): (usize, usize, usize);
        let mut faulted = 1_usize;
        // SAFETY: the addresses are bytes of the caller's own, or bad; a bad one goes on at the landing.
        unsafe {
            std::arch::asm!(
                $($before,)+
                concat!("2: ", $insn),
                $($behind,)+
                axptr::ex_entry!("2b", "3b", $access),
                insn = out(reg) insn,
                landing = out(reg) landing,
                faulted = inout(reg) faulted,
                tag = const $tag,
                inout($reads) $read => _,
                inout($writes) $write => _,
                out($changes) _,
                out($cause) cause,
                options(nostack),
            );
        }
        $crate::Site { insn, landing, faulted: faulted != 0, cause }
    }};
}
pub(crate) use site;

/// The accesses of the tests, made of a machine's instructions.
///
/// - `registers`: as [`site`] takes them.
/// - `load`, `load_half`: an instruction that reads; the halfword is for [`inlined`](crate::machine::inlined).
/// - `store`: one that writes. `load_and_store`: one that does both there, as an atomic does.
/// - `to_kernel`, `from_kernel`: one that reads at the one register and writes at the other, or what stands for it.
/// - `two_loads`: puts 0 in the cause's register and loads at the first and at the second argument, at `2:` and `3:`;
///   `tells_the_cause` returns the register.
/// - `load_or`: loads at the first argument, at `2:`, into the register of the result, which holds the second before.
macro_rules! sites {
    (
        registers: $machine:tt,
        load: $load:literal,
        load_half: $load_half:literal,
        store: $store:literal,
        load_and_store: $load_and_store:literal,
        to_kernel: $to_kernel:literal,
        from_kernel: $from_kernel:literal,
        two_loads: [$($two_loads:literal),+],
        tells_the_cause: $tells_the_cause:literal,
        load_or: [$($load_or:literal),+],
    ) => {
        /// [`Landing::REGISTER`](axptr::extable::Landing::REGISTER).
        pub(crate) const CAUSE_REGISTER: &str = $crate::sites::site!($machine);

        #[inline(never)]
        pub(crate) fn read(user: usize) -> $crate::Site {
            $crate::sites::site!($machine, $load, read, user, 0_usize)
        }

        #[inline(never)]
        pub(crate) fn write(user: usize) -> $crate::Site {
            $crate::sites::site!($machine, $store, write, 0_usize, user)
        }

        #[inline(never)]
        pub(crate) fn read_write(user: usize) -> $crate::Site {
            $crate::sites::site!($machine, $load_and_store, read_write, 0_usize, user)
        }

        #[inline(never)]
        pub(crate) fn read_to_kernel(user: usize, kernel: *mut u8) -> $crate::Site {
            $crate::sites::site!($machine, $to_kernel, read_to_kernel, user, kernel)
        }

        #[inline(never)]
        pub(crate) fn write_from_kernel(user: usize, kernel: *const u8) -> $crate::Site {
            $crate::sites::site!($machine, $from_kernel, write_from_kernel, kernel, user)
        }

        /// One entry per instance: the size keeps the compiler from folding them into one.
        #[inline(never)]
        pub(crate) fn generic<T>(user: usize) -> $crate::Site {
            $crate::sites::site!($machine, $load, read, user, 0_usize, size_of::<T>() as u32)
        }

        /// One entry per use.
        #[inline(always)]
        pub(crate) fn inlined(user: usize) -> $crate::Site {
            $crate::sites::site!($machine, $load_half, read, user, 0_usize)
        }

        // Returns the cause, or 0. Two entries share a landing.
        std::arch::global_asm!(
            ".pushsection .text.extable_test, \"ax\", @progbits",
            ".balign 4",
            ".global extable_test_two_loads",
            "extable_test_two_loads:",
            $($two_loads,)+
            ".Lextable_test_landing:",
            $tells_the_cause,
            "ret",
            axptr::ex_entry!("2b", ".Lextable_test_landing", read),
            axptr::ex_entry!("3b", ".Lextable_test_landing", read),
            ".popsection",
        );

        // A module as a kernel would load it: code and its table in one piece, relative to each other. It is data
        // here, so that it runs nowhere but where the test copies it to.
        std::arch::global_asm!(
            ".pushsection .rodata.extable_module, \"a\", @progbits",
            ".balign 8",
            ".global extable_module",
            "extable_module:",
            $($load_or,)+
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
    };
}
pub(crate) use sites;
