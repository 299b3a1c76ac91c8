// SPDX-License-Identifier: MIT OR Apache-2.0
// Memory copy and set instructions (FEAT_MOPS, Arm ARM C3.2.26), for kernels whose CPU has them.
//
// A prologue, a main part and an epilogue do all bytes, in ascending order. In the unprivileged forms (RT: the read,
// WT: the write, T: both), the CPU checks the user side as an access of EL0. So there is no window here either. A copy
// from or to kernel memory accesses both sides in one instruction, so its entries are strict.
//
// After a fault the registers say how many bytes were done. Their form depends on the CPU. The prologue writes the form
// to PSTATE.C, and a fault and its return keep it:
//   option A (C = 0): x2 = -(bytes left), x3 and x4 at the ends of the ranges
//   option B (C = 1): x2 = bytes left, x3 and x4 at the first byte that is left
// If the prologue faults, the registers are as it takes them: as in option B, whatever C is.
//
// The CPU works in blocks, and the registers do not count inside a block. The size of a block is the CPU's choice (Arm
// ARM C6, CPYFM: IMPLEMENTATION DEFINED). So when a block runs into an edge, any number of bytes before the edge may be
// missing, and the landing tries them. If the registers point to the edge itself, nothing is tried. If the rest does
// not reach the edge, the page has no byte to copy. The CPU may have written a part of the block that faulted. That
// part lies before the edge, so the landing writes the same bytes again, and the count is exact. There is one
// exception, which no routine can see: the page before the edge goes away too, between the two. Apart from that, the
// bytes behind the count are unchanged. A destination in user memory is aligned to 16 bytes, for the same reason as
// stores (macros.S).
//
// The instructions need two things from a kernel. axptr's vector provides both, so nothing uses the instructions before
// that vector is installed:
//   - A CPU that goes on with a copy of the other option raises an exception (EC 0x27). The landing then does the rest
//     bytewise, as for causes that may end inside a page.
//   - If a kernel leaves EL2 by itself and does not set HCRX_EL2.MSCEn, the instructions are undefined at EL1, whatever
//     the ID registers say. So the vector has tried one.

// The distance between two edges. For a landing, it is the longest reach of a block.
.set AXPTR_PAGE, 4096

// The copy size from which on the three instructions are used instead of the loop of blocks, in bytes.
.set AXPTR_MOPS_FROM, 256

.arch_extension mops

// Goes to `target` for copies of this size if the CPU has the instructions. Clobbers x5, x7 and x15.
.macro axptr_if_mops target
    cmp     x2, AXPTR_MOPS_FROM
    b.lo    8f
    axptr_know_cpu
    tbnz    w7, {mops_bit}, \target
8:
.endm

// Comes after the word that aligns the destination to 16. In other cases less than a word is left here.
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
    .if (\load) && (\store)             // either side may have faulted; the cause tells which, if it is known
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

// Copies the bytes up to the edge that the store may have reached, if the edge lies inside the rest; else none.
.macro axptr_mops_store_edge routine
    mov     x6, xzr
    tbnz    w1, AXPTR_SUB_PAGE_BIT, .Lbytes_\routine
    neg     x7, x4
    and     x7, x7, 4095
    b       .Lup_to_edge_\routine
.endm
