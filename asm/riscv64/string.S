// SPDX-License-Identifier: MIT OR Apache-2.0
// Copies a string from user memory, including its terminator.
//
// __axptr_copy_string(a0 dst, a1 src, a2 max) -> a0 max less the bytes copied, a1 cause
// Clobbers a2-a7 and t0-t2. Never touches the stack.
//
// The copy ends at the first 0, at `max`, or at a fault. The last byte copied and the count tell which. It reads user
// memory by aligned words. No aligned word straddles a page. So it never touches the page behind that of the
// terminator. And if a word faults, it has no byte to copy, so nothing is tried again. (A cause with bit 7 set ends
// anywhere: for it the rest is copied bytewise.) It stores only bytes of the string. Each store is aligned to its own
// width, as in the copies.
//
//   a4  the current word of the source
//   a7  source minus destination: the landing finds the next byte by it
//   a6  0x0101010101010101
//   a2  0x8080808080808080
//   t2  how many bytes of t0 are left to be stored one by one

.macro axptr_define_copy_string routine, load
axptr_begin \routine
    mv      a4, a1
    sub     a7, a1, a0
    li      a1, 0
    axptr_window_open
    add     a5, a0, a2
    beqz    a2, .Lexit_\routine
    lui     a6, 0x1010
    addi    a6, a6, 0x101
    slli    a2, a6, 32
    add     a6, a6, a2
    slli    a2, a6, 7
    andi    t1, a4, 7
    andi    a4, a4, -8
    axptr_access \routine, \load, .Lfault_\routine, ld t0, 0(a4)
    beqz    t1, .Lword_\routine
    // The bytes of the word that precede the string are dropped.
    li      t2, 8
    sub     t2, t2, t1
    slli    t1, t1, 3
    srl     t0, t0, t1

    // Up to t2 bytes of t0, lowest first: the head of the string, or its end.
.Lbytes_\routine:
    sb      t0, 0(a0)
    addi    a0, a0, 1
    beq     a0, a5, .Lexit_\routine
    andi    t1, t0, 0xff
    beqz    t1, .Lexit_\routine
    srli    t0, t0, 8
    addi    t2, t2, -1
    bnez    t2, .Lbytes_\routine

.Lnext_\routine:
    addi    a4, a4, 8
    axptr_access \routine, \load, .Lfault_\routine, ld t0, 0(a4)
.Lword_\routine:
    // (x - 01..01) & ~x & 80..80 is 0 if no byte of x is 0.
    sub     t1, t0, a6
    not     t2, t0
    and     t1, t1, t2
    and     t1, t1, a2
    li      t2, 8
    bnez    t1, .Lbytes_\routine
    sub     t1, a5, a0
    bltu    t1, t2, .Lbytes_\routine
    andi    t1, a0, 7
    bnez    t1, .Lsplit_\routine
    sd      t0, 0(a0)
.Lstored_\routine:
    addi    a0, a0, 8
    bne     a0, a5, .Lnext_\routine

    // The only exit.
.Lexit_\routine:
    sub     a0, a5, a0
    axptr_window_close
    ret

    // A word without a 0, to a destination that is not aligned alike.
.Lsplit_\routine:
    sb      t0, 0(a0)
    .irp    at, 1, 2, 3, 4, 5, 6, 7
    srli    t1, t0, 8 * \at
    sb      t1, \at(a0)
    .endr
    j       .Lstored_\routine

.Lfault_\routine:
    andi    t0, a1, AXPTR_SUB_PAGE
    beqz    t0, .Lexit_\routine         // the cause ends at a page, so the word had no byte to copy
    add     a4, a0, a7
    axptr_global __axptr_\routine\()_bytewise  // for tests: causes that end at a page do not come here
.Lbytewise_\routine:
__axptr_\routine\()_bytewise:
    axptr_access \routine, \load, .Lexit_\routine, lbu t0, 0(a4)
    sb      t0, 0(a0)
    addi    a4, a4, 1
    addi    a0, a0, 1
    beq     a0, a5, .Lall_good_\routine
    bnez    t0, .Lbytewise_\routine
.Lall_good_\routine:
    li      a1, 0
    j       .Lexit_\routine
axptr_end \routine
.endm

axptr_define_copy_string copy_string, AXPTR_R
axptr_define_copy_string copy_string_nofault, AXPTR_RN
