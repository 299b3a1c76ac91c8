// SPDX-License-Identifier: MIT OR Apache-2.0
// The classes above 16 bytes of a copy from user memory where only general registers may be used: in a kernel. They stand in
// the text of copy.S, and share its landings and its rule for the rest.
//
//   - 17..32, 33..64 bytes: moves that overlap in the middle. All loads come before the first store.
//   - above 64 bytes: 64-byte blocks, then the classes again for what is left.

.macro axptr_narrow_overlapping routine, load
.Lover16_\routine:
    cmp     x2, 64
    b.hi    .Lbulk_\routine
    axptr_load16 \routine, \load, x8, x9, 0
    add     x5, x3, x2
    add     x6, x4, x2
    cmp     x2, 32
    b.hi    .Lover32_\routine
    axptr_access \routine, \load, .Lload_\routine, ldtr x10, [x5, -16]
    axptr_access \routine, \load, .Lload_\routine, ldtr x11, [x5, -8]
    stp     x8, x9, [x4]
    stp     x10, x11, [x6, -16]
    b       .Ldone_\routine

.Lover32_\routine:
    axptr_access \routine, \load, .Lload_\routine, ldtr x10, [x3, 16]
    axptr_access \routine, \load, .Lload_\routine, ldtr x11, [x3, 24]
    axptr_access \routine, \load, .Lload_\routine, ldtr x12, [x5, -32]
    axptr_access \routine, \load, .Lload_\routine, ldtr x13, [x5, -24]
    axptr_access \routine, \load, .Lload_\routine, ldtr x14, [x5, -16]
    axptr_access \routine, \load, .Lload_\routine, ldtr x15, [x5, -8]
    stp     x8, x9, [x4]
    stp     x10, x11, [x4, 16]
    stp     x12, x13, [x6, -32]
    stp     x14, x15, [x6, -16]
    b       .Ldone_\routine

    // The first 16 bytes align the destination to 16. The next piece stores up to 15 of them again. Until it does, they
    // are stored and lie above x4 (`axptr_behind_first16`).
.Lbulk_\routine:
    .if AXPTR_KERNEL
    axptr_if_mops .Lmops_\routine
    .endif
    axptr_load16 \routine, \load, x8, x9, 0
    stp     x8, x9, [x4]
    and     x5, x4, 15
    mov     w6, 16
    sub     x5, x6, x5
    add     x3, x3, x5
    add     x4, x4, x5
    sub     x2, x2, x5
    cmp     x2, 64
    b.lo    .Lclassify_\routine
.Lblocks_\routine:
    axptr_block_in \routine, \load
    stp     x8, x9, [x4]
    stp     x10, x11, [x4, 16]
    stp     x12, x13, [x4, 32]
    stp     x14, x15, [x4, 48]
    axptr_advance 64
    cmp     x2, 64
    b.hs    .Lblocks_\routine
    cbnz    x2, .Lclassify_\routine
    b       .Ldone_\routine
.endm
