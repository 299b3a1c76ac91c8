// SPDX-License-Identifier: MIT OR Apache-2.0
//! One entry of the exception table, as the assembler emits it. The routines have a macro of `asm/<arch>/macros.S` for it.

/// The user side is read.
pub(crate) const READ: u16 = 1;
/// The user side is written.
pub(crate) const WRITE: u16 = 2;
/// The instruction touches kernel memory too: the access must be the user side's.
pub(crate) const STRICT: u16 = 4;
/// A fault goes straight to the landing, never to the pager.
pub(crate) const NOFAULT: u16 = 8;
/// The compiler has put the instruction where it is used; it is not one of a routine's.
pub(crate) const INLINED: u16 = 16;

/// The text of an entry, which [`ex_entry!`](crate::ex_entry) and the inlined accesses emit. The flags are those above; an
/// assembler text takes them as literals or as operands.
///
/// The section is linked to a label that the text defines where it stands, so that the linker keeps, drops
/// and sorts the entry with the code around it. The label is made unique by an assembler counter: labels
/// and symbols persist over a codegen unit, the macro counter `\@` does not.
///
/// The code refers to its entry by a relocation that changes nothing. Without it, a linker that folds functions which
/// are alike to the byte (`--icf=all`) would not look at their entries, and those of the one that it drops would go
/// with it, though they may say something else.
///
/// The last line moves the place backwards, which no assembler does, if the distance of the landing does not fit into
/// its 16 bits. It adds nothing to the entry, and needs no section of its own. `.if` would not do: it is decided before
/// the assembler knows how far apart two labels are.
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
            "\n.popsection\n.purgem axptr_here\n.noaltmacro\n",
        )
    };
}
