// SPDX-License-Identifier: MIT OR Apache-2.0
// Copies a string from user memory, including its terminator.
//
// __axptr_copy_string(x0 dst, x1 src, x2 max) -> x0 max less the bytes copied, x1 cause
// Clobbers x2-x10, in a process v0 and v1, and the flags. Never touches the stack.
//
// The copy ends at the first 0, at `max`, or at a fault. The last byte copied and the count tell which. It reads user
// memory by aligned words. No aligned word straddles a page. So it never touches the page behind that of the
// terminator. And if a word faults, it has no byte to copy, so nothing is tried again. (A cause with bit 7 set ends
// anywhere: for it the rest is copied bytewise.) It stores only bytes of the string. In a process, aligned pieces of 16 bytes
// take the place of the words, while no byte of them is 0; one with a 0 is examined by words.
//
//   x2, x4  how many bytes may follow, and where the next one goes
//   x3      the current word
//   x6      src + max, so that x6 - x2 is the address of the next byte
//   x7      how many bytes of x8 are left to be stored one by one
//   x10     0x0101010101010101

.macro axptr_define_copy_string routine, load
axptr_begin \routine
    mov     x4, x0
    add     x6, x1, x2
    ands    x5, x1, 7
    and     x3, x1, -8
    mov     x1, xzr
    cbz     x2, .Lexit_\routine
    mov     x10, 0x0101010101010101
    axptr_access \routine, \load, .Lfault_\routine, ldtr x8, [x3]
    b.eq    .Lword_\routine
    // The bytes of the word that precede the string are dropped.
    lsl     w9, w5, 3
    lsr     x8, x8, x9
    mov     w7, 8
    sub     w7, w7, w5

    // Up to w7 bytes of x8, lowest first: the head of the string, or its end.
.Lbytes_\routine:
    strb    w8, [x4], 1
    subs    x2, x2, 1
    b.eq    .Lexit_\routine
    tst     w8, 0xff
    b.eq    .Lexit_\routine
    lsr     x8, x8, 8
    subs    w7, w7, 1
    b.ne    .Lbytes_\routine

.Lnext_\routine:
    add     x3, x3, 8
    .if AXPTR_WIDE
    axptr_string_pieces \routine, \load
    .endif
    axptr_access \routine, \load, .Lfault_\routine, ldtr x8, [x3]
.Lword_\routine:
    // (x - 01..01) & ~x & 80..80 is 0 if no byte of x is 0.
    sub     x9, x8, x10
    bic     x9, x9, x8
    mov     w7, 8
    tst     x9, 0x8080808080808080
    b.ne    .Lbytes_\routine
    cmp     x2, 8
    b.lo    .Lbytes_\routine
    str     x8, [x4], 8
    subs    x2, x2, 8
    b.ne    .Lnext_\routine

    // The only exit.
.Lexit_\routine:
    mov     x0, x2
    ret

.Lfault_\routine:
    tbz     w1, AXPTR_SUB_PAGE_BIT, .Lexit_\routine     // the cause ends at a page, so the word had no byte to copy
    sub     x3, x6, x2
    axptr_global __axptr_\routine\()_bytewise  // for tests: causes that end at a page do not come here
.Lbytewise_\routine:
__axptr_\routine\()_bytewise:
    axptr_access \routine, \load, .Lexit_\routine, ldtrb w8, [x3]
    strb    w8, [x4], 1
    add     x3, x3, 1
    subs    x2, x2, 1
    b.eq    .Lall_good_\routine
    cbnz    w8, .Lbytewise_\routine
.Lall_good_\routine:
    mov     x1, xzr
    b       .Lexit_\routine
axptr_end \routine
.endm

// Copies 16 bytes at a time, from a multiple of 16 on. It ends in front of the word to examine.
.macro axptr_string_pieces routine, load
    tbnz    x3, 3, 8f
2:  cmp     x2, 16
    b.lo    8f
    axptr_access \routine, \load, .Lfault_\routine, ldr q0, [x3]
    cmeq    v1.16b, v0.16b, 0
    shrn    v1.8b, v1.8h, 4             // four bits for each byte
    fmov    x9, d1
    cbnz    x9, 8f
    str     q0, [x4], 16
    add     x3, x3, 16
    subs    x2, x2, 16
    b.ne    2b
    b       .Lexit_\routine
8:
.endm

axptr_define_copy_string copy_string, AXPTR_R
axptr_define_copy_string copy_string_nofault, AXPTR_RN
