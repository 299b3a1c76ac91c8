// SPDX-License-Identifier: MIT OR Apache-2.0
// The classes above 16 bytes of a copy from user memory where vector registers may be used: in a process. They stand in the
// text of copy.S, in the place of those of narrow.S, and share its landings and its rule for the rest. They use v0-v7, which a
// caller does not rely on (AAPCS64, 6.1.2).
//
//   - 17..32, 33..64, 65..128 bytes: two, four and eight registers, whose halves overlap in the middle.
//   - above: 16 bytes that align the destination, blocks of 64 bytes while more are left, and the 64 bytes at the end.
//
// A class loads before it stores, so that an end that overlaps what was stored is loaded whole. A load may be a pair, at any
// address: if it faults, no byte of its piece is stored.
//
// Only copies *from* user memory are wide. A store of 16 bytes is one access with FEAT_LSE2 only; without it the manual promises
// no more than two of 8 (Arm ARM B2.2.1, "Changes to single-copy atomicity in Armv8.4"), and a page may go between them. Then
// one half is stored, and no landing can tell which: QEMU does so, and `tests/races` sees it. A load has no such trace.

// x5 and x6 are the ends of the source and of the destination.
.macro axptr_wide_overlapping routine, load
.Lover16_\routine:
    add     x5, x3, x2
    add     x6, x4, x2
    cmp     x2, 64
    b.hi    .Lover64_\routine
    cmp     x2, 32
    b.hi    .Lover32_\routine
    axptr_access \routine, \load, .Lload16_\routine, ldr q0, [x3]
    axptr_access \routine, \load, .Lload_\routine, ldur q1, [x5, -16]
    str     q0, [x4]
    stur    q1, [x6, -16]
    axptr_success

.Lover32_\routine:
    axptr_access \routine, \load, .Lload32_\routine, ldp q0, q1, [x3]
    axptr_access \routine, \load, .Lload_\routine, ldp q2, q3, [x5, -32]
    stp     q0, q1, [x4]
    stp     q2, q3, [x6, -32]
    axptr_success

.Lover64_\routine:
    cmp     x2, 128
    b.hi    .Lover128_\routine
    axptr_wide_block_in \routine, \load
    axptr_access \routine, \load, .Lload_\routine, ldp q4, q5, [x5, -64]
    axptr_access \routine, \load, .Lload_\routine, ldp q6, q7, [x5, -32]
    stp     q0, q1, [x4]
    stp     q2, q3, [x4, 32]
    stp     q4, q5, [x6, -64]
    stp     q6, q7, [x6, -32]
    axptr_success

    // The first block stores up to 15 of the first 16 bytes again. Until it does, they are stored and lie above x4
    // (`axptr_behind_first16`).
.Lover128_\routine:
    axptr_access \routine, \load, .Lload16_\routine, ldr q0, [x3]
    str     q0, [x4]
    and     x7, x4, 15
    sub     x7, x7, 16
    sub     x3, x3, x7
    sub     x4, x4, x7
    add     x2, x2, x7
.Lblocks_\routine:
    axptr_wide_block_in \routine, \load
    stp     q0, q1, [x4]
    stp     q2, q3, [x4, 32]
    axptr_advance 64
    cmp     x2, 64
    b.hi    .Lblocks_\routine
    axptr_access \routine, \load, .Lload_\routine, ldp q4, q5, [x5, -64]
    axptr_access \routine, \load, .Lload_\routine, ldp q6, q7, [x5, -32]
    stp     q4, q5, [x6, -64]
    stp     q6, q7, [x6, -32]
    axptr_success
.endm

// Loads a block into v0-v3.
.macro axptr_wide_block_in routine, load
    axptr_access \routine, \load, .Lload32_\routine, ldp q0, q1, [x3]
    axptr_access \routine, \load, .Lload_\routine, ldp q2, q3, [x3, 32]
.endm

// Leaves a routine that has done all bytes.
.macro axptr_success
    mov     x0, xzr
    ret
.endm
