// SPDX-License-Identifier: MIT OR Apache-2.0
// Shared by every routine: the table entry beside its instruction.
//
// The Rust side sets AXPTR_KERNEL to 1 (a kernel) or 0 (a Linux process) before this file, and passes its
// constants and the address of its CPU feature byte, {cpu}.
//
// Registers that every routine keeps to, and that a landing finds as the last finished piece left them:
//   x0       result: bytes not done
//   x1       the cause: 0 until the trap handler writes it on the way to a landing
//   x2       bytes still to do
//   x3, x4   source, destination
//   x5-x7    scratch
//   x8-x15   data
//
// User memory is reached by the unprivileged instructions only (LDTR, STTR; Arm ARM C3.2.6): they are checked
// as accesses of EL0, so PAN stays on, no window exists, and memory that is the kernel's alone refuses them.
// In a process (EL0) they are plain loads and stores. They have no pair form and no writeback.
//
// User stores are naturally aligned, so that each is done whole or not at all: of one that straddles two
// pages, or two tag granules, the good part may be left behind (Arm ARM B2.2.1: only an aligned access is
// single-copy atomic). Loads may be unaligned, and so may accesses to kernel memory: SCTLR_EL1.A is 0.

// Entry flags.
.set AXPTR_R, {read}                    // the user side is read
.set AXPTR_W, {write}                   // the user side is written
.set AXPTR_STRICT, {strict}             // the instruction touches kernel memory too
.set AXPTR_NOFAULT, {nofault}           // straight to the landing, never to the pager

// Bits of a cause: it may end inside a page; a write was to be done. And the longest distance from the rest's
// start at which an access of the 64-byte classes can end.
.set AXPTR_SUB_PAGE_BIT, 7
.set AXPTR_CAUSE_WRITE_BIT, 9
.set AXPTR_REACH, 64

// `insn` touches user memory if `flags` is not 0: then a fault goes on at `landing`.
// `routine` names the section that the entry follows through the linker (SHF_LINK_ORDER), and which refers to it: else
// `--icf=all` makes one of a routine and its no-fault form, which differ in nothing but their entries.
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
    .endif
.endm

// One piece: `u` the unprivileged instruction for a user side, `k` the plain one for a kernel side.
.macro axptr_piece routine, flags, landing, u, k, operands:vararg
    .if \flags
    axptr_access \routine, \flags, \landing, \u \operands
    .else
    \k \operands
    .endif
.endm

.macro axptr_begin routine
    .pushsection .text.axptr_\routine, "ax", @progbits
    .balign 32
    .global __axptr_\routine
    .type __axptr_\routine, @function
__axptr_\routine:
.endm

.macro axptr_end routine
    .size __axptr_\routine, . - __axptr_\routine
    .popsection
.endm

// Landings of stores: the bytes of the piece that were done before. The one of 0 follows.
.macro axptr_stored_landings routine
    axptr_stored_landing \routine, 56
    axptr_stored_landing \routine, 48
    axptr_stored_landing \routine, 40
    axptr_stored_landing \routine, 32
    axptr_stored_landing \routine, 24
    axptr_stored_landing \routine, 16
    axptr_stored_landing \routine, 8
.endm

.macro axptr_stored_landing routine, done
.Lstored\done\()_\routine:
    mov     w5, \done
    b       .Lstored_\routine
.endm

// w7 = {cpu}, asked for once if nobody has: it is 0 until then, so nothing needs initialising.
// Clobbers x5 and x15.
.macro axptr_know_cpu
    adrp    x5, {cpu}
    ldrb    w7, [x5, :lo12:{cpu}]
    cbnz    w7, 9f
    mov     x15, x30
    bl      __axptr_ask_cpu
    mov     x30, x15
9:
.endm

// The bytes before an edge, of which x7 says how many, if the faulting access could reach that far (x5: how
// far). Those behind it are left.
.macro axptr_up_to_edge routine
.Lup_to_edge_\routine:
    cbz     x7, .Lrest_\routine         // a page that begins here is the bad one
    cmp     x7, x5
    b.hs    .Lrest_\routine
    subs    x6, x2, x7
    b.ls    .Lrest_\routine
    mov     x2, x7
    b       .Lbytes_\routine
.endm
