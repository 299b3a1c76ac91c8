// SPDX-License-Identifier: MIT OR Apache-2.0
// Memory copy and set instructions (FEAT_MOPS, Arm ARM C3.2.26), in kernels whose CPU has them.
//
// A prologue, a main part and an epilogue do all bytes, in ascending order. In their unprivileged forms (RT:
// the read, WT: the write, T: both) the user side is checked as an access of EL0, so that no window exists
// here either. Copies from and to kernel memory touch both sides in one instruction: their entries are
// strict.
//
// After a fault the registers say how far it went, but in whose words depends on the CPU. The prologue leaves
// its choice in PSTATE.C, which a fault and its return keep:
//   option A (C = 0): x2 = -(bytes left), x3 and x4 at the ends of the ranges
//   option B (C = 1): x2 = bytes left, x3 and x4 at the first byte that is left
// A prologue that faults leaves them as it takes them: as in option B, whatever C is.
// How long a block is, within which the registers say nothing, is the CPU's choice (Arm ARM C6, CPYFM: the
// block size is IMPLEMENTATION DEFINED). So any number of bytes may be missing before the edge that a block ran
// into, and the landing tries them. Where the CPU has led up to the edge itself, nothing is tried; where the
// rest does not reach it, the page has no byte to offer.
// Of the block that a fault stopped, a CPU may have written a part. That part is in front of the edge, so that
// the landing does it again, the same: the count is exact, unless the page in front of the edge goes as well
// between the two, which no routine can see. Other than that the bytes behind the count are untouched.
// A user's destination is aligned to 16 bytes, for the reason that aligns stores (macros.S).
//
// Two things are asked of a kernel, so nothing is used before its vector is axptr's, which sees to both:
//   - A CPU that goes on with a copy of the other option takes an exception (EC 0x27). The landing does the
//     rest bytewise, as for causes that may end inside a page.
//   - Where a kernel comes from EL2 by itself and has not set HCRX_EL2.MSCEn, the instructions are undefined
//     at EL1, whatever the ID registers say. The vector has tried one.

// The distance between two edges: the longest reach of a block, as far as a landing is concerned.
.set AXPTR_PAGE, 4096

// Bytes from which on the three instructions are used, not the loop of blocks.
.set AXPTR_MOPS_FROM, 256

.arch_extension mops

// Leads copies of this length to `target` where the CPU has the instructions. Clobbers x5, x7 and x15.
.macro axptr_if_mops target
    cmp     x2, AXPTR_MOPS_FROM
    b.lo    8f
    axptr_know_cpu
    tbnz    w7, {mops_bit}, \target
8:
.endm

// Behind the word that brings the destination to a multiple of 16. In other cases less than a word is left
// there.
.macro axptr_back_to_mops routine
    .if AXPTR_KERNEL
    cmp     x2, 64
    b.hs    .Lmops_aligned_\routine
    .endif
.endm

// `form` is RT, WT or T.
.macro axptr_mops_copy routine, load, store, flags, form
.Lmops_\routine:
    .if \store
    tbnz    x4, 3, .Lone_word_\routine
.Lmops_aligned_\routine:
    .endif
    axptr_access \routine, \flags, .Lmops_plain_\routine, cpyfp\form [x4]!, [x3]!, x2!
    axptr_access \routine, \flags, .Lmops_fault_\routine, cpyfm\form [x4]!, [x3]!, x2!
    axptr_access \routine, \flags, .Lmops_fault_\routine, cpyfe\form [x4]!, [x3]!, x2!
    b       .Ldone_\routine

.Lmops_fault_\routine:
    b.cs    .Lmops_plain_\routine
    add     x3, x3, x2
    add     x4, x4, x2
    neg     x2, x2
.Lmops_plain_\routine:
    mov     w5, AXPTR_PAGE
    .if (\load) && (\store)             // either side may have faulted: the cause tells, if it is known
    mov     x6, xzr
    cbz     w1, .Lbytes_\routine
    tbz     w1, AXPTR_CAUSE_WRITE_BIT, .Lload_edge_\routine
    .endif
    .if \store
    axptr_mops_store_edge \routine
    .else
    b       .Lload_edge_\routine
    .endif
.endm

.macro axptr_mops_fill routine, store
.Lmops_\routine:
    tbnz    x4, 3, .Lone_word_\routine
.Lmops_aligned_\routine:
    axptr_access \routine, \store, .Lmops_plain_\routine, setpt [x4]!, x2!, x8
    axptr_access \routine, \store, .Lmops_fault_\routine, setmt [x4]!, x2!, x8
    axptr_access \routine, \store, .Lmops_fault_\routine, setet [x4]!, x2!, x8
    b       .Ldone_\routine

.Lmops_fault_\routine:
    b.cs    .Lmops_plain_\routine
    add     x4, x4, x2
    neg     x2, x2
.Lmops_plain_\routine:
    mov     w5, AXPTR_PAGE
    axptr_mops_store_edge \routine
.endm

// The bytes up to the edge that the store may have met, if it lies inside the rest; else none.
.macro axptr_mops_store_edge routine
    mov     x6, xzr
    tbnz    w1, AXPTR_SUB_PAGE_BIT, .Lbytes_\routine
    neg     x7, x4
    and     x7, x7, 4095
    b       .Lup_to_edge_\routine
.endm
