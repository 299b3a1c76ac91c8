// SPDX-License-Identifier: MIT OR Apache-2.0
// On all machines alike: an instruction together with its table entry.
//
// Before this file, the Rust side passes the flags of an entry.

.set AXPTR_R, {read}                    // the instruction reads user memory
.set AXPTR_W, {write}                   // the instruction writes user memory
.set AXPTR_NOFAULT, {nofault}           // straight to the landing, never to the pager

// 0: none; 1, 2: each entry stands in a table of ax-cpu's too, with distances from their own place, or from the table's start.
.set AXPTR_AX_CPU, {ax_cpu}

// A symbol that no other image sees. In a shared object, a symbol that others see may turn out to be that of another image,
// with its own copy of this crate. And its distance is unknown to the linker.
.macro axptr_hidden symbol
    .if AXPTR_KERNEL == 0
    .hidden \symbol
    .endif
.endm

// A symbol for the Rust side.
.macro axptr_global symbol
    .global \symbol
    axptr_hidden \symbol
.endm

// `insn` accesses user memory if `flags` is not 0. Then a fault goes on at `landing`. `routine` names the section of
// the routine: the entry follows it through the linker (SHF_LINK_ORDER), and it refers to the entry. Without that
// reference, `--icf=all` would fold a routine and its no-fault form, which differ only in their entries.
.macro axptr_access routine, flags, landing, insn:vararg
9:  \insn
    .if \flags
    .reloc 0, BFD_RELOC_NONE, .Laxptr_entry_\routine\()_\@
    .pushsection axptr_ex_table, "ao", @progbits, .text.axptr_\routine
    .balign 4
.Laxptr_entry_\routine\()_\@:
    .long 9b - .
    .short \landing - 9b
    .short \flags
    .org . - ((((\landing - 9b + 0x8000) >> 16) != 0) & 1) // an error if the distance is cut to 16 bits
    .popsection
    .if AXPTR_AX_CPU
    .if (\flags) & AXPTR_NOFAULT
    axptr_ax_cpu_entry __nofault_ex_table, _nofault_ex_table_start, \routine, 9b, \landing
    .else
    axptr_ax_cpu_entry __ex_table, _ex_table_start, \routine, 9b, \landing
    .endif
    .endif
    .endif
.endm

// The same instruction and landing in ax-cpu's format: see src/arch/ax_cpu.rs.
.macro axptr_ax_cpu_entry table, start, routine, insn, landing
    .pushsection \table, "ao", @progbits, .text.axptr_\routine
    .balign 4
    .if AXPTR_AX_CPU == 2
    .long \insn - \start
    .long \landing - \start
    .else
    .long \insn - .
    .long \landing - .
    .endif
    .popsection
.endm
