// SPDX-License-Identifier: MIT OR Apache-2.0
//! Each entry a second time, in the tables that ax-cpu 0.10 searches: the feature `ax-cpu`, in a kernel.
//!
//! An entry of ax-cpu is two words of 32 bits, for the instruction and for its landing. On riscv64 they are distances from
//! the table's start, elsewhere from their own place. `__nofault_ex_table` is searched before the kernel's hook is asked,
//! `__ex_table` behind it. The format has changed between versions of ax-cpu, so it belongs to this one.
//!
//! As in this crate's own table, each entry follows its code (`SHF_LINK_ORDER`): a linker drops it with its function. That
//! ax-cpu's own entries do not, and stand in the same sections, is nothing to lld and GNU ld.

/// How `asm/entry.S` writes such entries: not at all.
#[cfg(not(axptr_ax_cpu))]
pub(crate) const FORM: u8 = 0;
/// By distances from their own place.
#[cfg(axptr_ax_cpu = "from-place")]
pub(crate) const FORM: u8 = 1;
/// By distances from the table's start.
#[cfg(axptr_ax_cpu = "from-start")]
pub(crate) const FORM: u8 = 2;

/// Nothing: this program has no such table.
#[cfg(not(axptr_ax_cpu))]
#[doc(hidden)]
#[macro_export]
macro_rules! __ax_cpu_entry {
    ($insn:literal, $landing:expr, $flags:literal) => {
        ""
    };
}

/// The text of such an entry, behind that of this crate's own.
#[cfg(axptr_ax_cpu = "from-start")]
#[doc(hidden)]
#[macro_export]
macro_rules! __ax_cpu_entry {
    ($insn:literal, $landing:expr, $flags:literal) => {
        $crate::__ax_cpu_entry_from!($insn, $landing, $flags, "_ex_table_start", "_nofault_ex_table_start")
    };
}

/// The text of such an entry, behind that of this crate's own.
#[cfg(axptr_ax_cpu = "from-place")]
#[doc(hidden)]
#[macro_export]
macro_rules! __ax_cpu_entry {
    ($insn:literal, $landing:expr, $flags:literal) => {
        $crate::__ax_cpu_entry_from!($insn, $landing, $flags, ".", ".")
    };
}

/// An entry with distances from the given places. It stands in [`__ex_entry!`](crate::__ex_entry), whose counter and label
/// it uses. 8 is the flag of no-fault forms, which chooses the table.
#[doc(hidden)]
#[macro_export]
macro_rules! __ax_cpu_entry_from {
    ($insn:literal, $landing:expr, $flags:literal, $from:literal, $nofault_from:literal) => {
        concat!(
            ".macro axptr_also table, n\n",
            ".pushsection \\table, \"ao\", @progbits, .Laxptr_u\\n\n.balign 4\n.endm\n",
            ".if (",
            $flags,
            ") & 8\naxptr_also __nofault_ex_table, %.Laxptr_n\n.long ",
            $insn,
            " - ",
            $nofault_from,
            "\n.long ",
            $landing,
            " - ",
            $nofault_from,
            "\n.else\naxptr_also __ex_table, %.Laxptr_n\n.long ",
            $insn,
            " - ",
            $from,
            "\n.long ",
            $landing,
            " - ",
            $from,
            "\n.endif\n.popsection\n.purgem axptr_also\n",
        )
    };
}
