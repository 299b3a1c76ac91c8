// SPDX-License-Identifier: MIT OR Apache-2.0
// Fills user memory with one byte.
//
// __axptr_fill_user(x0 dst, w1 byte, x2 len) -> x0 bytes NOT filled, x1 cause
// Clobbers x2-x8, x15 and the flags. Never touches the stack.
//
// The byte is in w8, and eight times in x8. The pieces and the landings are those of a copy to user memory (copy.S).

.macro axptr_define_fill routine, store
axptr_begin \routine
    mov     x4, x0
    and     x8, x1, 0xff
    mov     x5, 0x0101010101010101
    mul     x8, x8, x5
    mov     x1, xzr
    mov     x6, xzr
    tst     x4, 7
    b.eq    .Laligned_\routine
    cbz     x2, .Ldone_\routine
    tbz     x4, 0, 2f
    axptr_access \routine, \store, .Lrest_\routine, sttrb w8, [x4]
    axptr_filled 1
2:  tbz     x4, 1, 3f
    cmp     x2, 2
    b.lo    .Lunder8_\routine
    axptr_access \routine, \store, .Lstored0_\routine, sttrh w8, [x4]
    axptr_filled 2
3:  tbz     x4, 2, .Laligned_\routine
    cmp     x2, 4
    b.lo    .Lunder8_\routine
    axptr_access \routine, \store, .Lstored0_\routine, sttr w8, [x4]
    axptr_filled 4
.Laligned_\routine:
    cmp     x2, 64
    b.lo    .Lunder64_\routine
    .if AXPTR_KERNEL
    axptr_if_mops .Lmops_\routine
    .endif
.Lblocks_\routine:
    axptr_fill8 \routine, \store, 0
    axptr_fill8 \routine, \store, 8
    axptr_fill8 \routine, \store, 16
    axptr_fill8 \routine, \store, 24
    axptr_fill8 \routine, \store, 32
    axptr_fill8 \routine, \store, 40
    axptr_fill8 \routine, \store, 48
    axptr_fill8 \routine, \store, 56
    axptr_filled 64
    cmp     x2, 64
    b.hs    .Lblocks_\routine

.Lunder64_\routine:
    tbz     x2, 5, 2f
    axptr_fill8 \routine, \store, 0
    axptr_fill8 \routine, \store, 8
    axptr_fill8 \routine, \store, 16
    axptr_fill8 \routine, \store, 24
    axptr_filled 32
2:  tbz     x2, 4, 2f
    axptr_fill8 \routine, \store, 0
    axptr_fill8 \routine, \store, 8
    axptr_filled 16
2:  tbz     x2, 3, .Lunder8_\routine
.Lone_word_\routine:
    axptr_fill8 \routine, \store, 0
    axptr_filled 8
    axptr_back_to_mops \routine
    // On every path to here, the destination is aligned to what is left.
.Lunder8_\routine:
    tbz     x2, 2, 2f
    axptr_access \routine, \store, .Lstored0_\routine, sttr w8, [x4]
    axptr_filled 4
2:  tbz     x2, 1, 2f
    axptr_access \routine, \store, .Lstored0_\routine, sttrh w8, [x4]
    axptr_filled 2
2:  tbz     x2, 0, .Ldone_\routine
    // The last byte. From a landing: x2 bytes, and after them x6 bytes that are not tried.
.Lbytes_\routine:
    axptr_access \routine, \store, .Lbyte_\routine, sttrb w8, [x4]
    axptr_filled 1
    cbnz    x2, .Lbytes_\routine
.Lbyte_\routine:
    add     x0, x2, x6
    ret

    // The only exit. A landing also comes here, with its count in x2.
.Ldone_\routine:
    mov     x2, xzr
.Lrest_\routine:
    mov     x0, x2
    ret

    // Landings: the bytes of the piece that were stored before.
    axptr_stored_landings \routine
.Lstored0_\routine:
    mov     w5, wzr
.Lstored_\routine:
    add     x4, x4, x5
    sub     x2, x2, x5
    tbnz    w1, AXPTR_SUB_PAGE_BIT, .Lbytes_\routine
    b       .Lrest_\routine

    .if AXPTR_KERNEL
    axptr_mops_fill \routine, \store
    axptr_up_to_edge \routine
    .endif
axptr_end \routine
.endm

.macro axptr_fill8 routine, store, at
    axptr_access \routine, \store, .Lstored\at\()_\routine, sttr x8, [x4, \at]
.endm

.macro axptr_filled bytes
    add     x4, x4, \bytes
    sub     x2, x2, \bytes
.endm

axptr_define_fill fill_user, AXPTR_W
axptr_define_fill fill_user_nofault, (AXPTR_W | AXPTR_NOFAULT)
