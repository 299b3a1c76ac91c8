// SPDX-License-Identifier: MIT OR Apache-2.0
//! One entry of the exception table, as the assembler emits it. The routines emit theirs by a macro of
//! `asm/entry.S`.

/// The instruction reads user memory.
pub(crate) const READ: u16 = 1;
/// The instruction writes user memory.
pub(crate) const WRITE: u16 = 2;
/// The instruction accesses kernel memory too. So the access of a fault must be that of the user side.
pub(crate) const STRICT: u16 = 4;
/// A fault goes straight to the landing, never to the pager.
pub(crate) const NOFAULT: u16 = 8;
/// The compiler inlined the instruction, so it belongs to no routine.
pub(crate) const INLINED: u16 = 16;
/// The instruction belongs to the self test of trap handlers.
pub(crate) const REHEARSED: u16 = 32;
/// Of the self test: the cause is not set, so that its register must be as it was.
pub(crate) const QUIET: u16 = 64;
/// Of the self test: the address of the report goes where the cause would.
pub(crate) const ECHO: u16 = 128;

/// The assembly text of an entry, for [`ex_entry!`](crate::ex_entry) and the inlined accesses. The flags are those
/// above, given as literals or as operands.
///
/// The section is linked to a label that the text defines at its own place. So the linker keeps, drops and sorts the
/// entry together with the code around it. An assembler counter makes the label unique. The macro counter `\@` would
/// not do: labels and symbols persist over a codegen unit, and `\@` does not.
///
/// The code refers to its entry by a relocation that changes nothing. Without it, a linker that folds equal functions
/// (`--icf=all`) would not compare their entries. It would drop the entries of one function, although they may differ
/// from those of the other.
///
/// The last line is an error if the distance of the landing does not fit into its 16 bits: it moves the place
/// backwards, which no assembler accepts. Otherwise it adds nothing to the entry, and it needs no section of its own.
/// `.if` would not do, because the assembler evaluates it before it knows the distance of two labels.
#[doc(hidden)]
#[macro_export]
macro_rules! __ex_entry {
    ($insn:literal, $landing:expr, $flags:literal) => {
        concat!(
            ".ifndef .Laxptr_n\n.set .Laxptr_n, 0\n.endif\n.set .Laxptr_n, .Laxptr_n + 1\n",
            ".altmacro\n",
            ".macro axptr_here n\n.Laxptr_u\\n:\n",
            ".reloc 0, BFD_RELOC_NONE, .Laxptr_e\\n\n",
            ".pushsection axptr_ex_table, \"ao\", @progbits, .Laxptr_u\\n\n.balign 4\n.Laxptr_e\\n:\n.endm\n",
            "axptr_here %.Laxptr_n\n",
            ".long ",
            $insn,
            " - .\n",
            ".short ",
            $landing,
            " - ",
            $insn,
            "\n.short ",
            $flags,
            "\n.org . - ((((",
            $landing,
            " - ",
            $insn,
            " + 0x8000) >> 16) != 0) & 1) /* axptr: the landing is more than 32 KiB away */",
            "\n.popsection\n",
            $crate::__ax_cpu_entry!($insn, $landing, $flags),
            ".purgem axptr_here\n.noaltmacro\n",
        )
    };
}
