// SPDX-License-Identifier: MIT OR Apache-2.0
// Copies between two ranges. One or both are user memory, whose accesses may fault. One text gives an instance for each
// direction, and a second instance of each without the pager.
//
// __axptr_copy_*(x0 dst, x1 src, x2 len) -> x0 bytes NOT copied, x1 cause
// Clobbers x2-x15, in a process v0-v7, and the flags. Never touches the stack.
//
// From user memory: 1, 2..3, 4..7, 8..16 bytes by moves that overlap in the middle. All loads come before the first store.
// The classes above are in narrow.S, which uses general registers only, and in wide.S, which uses vector registers: one of the
// two is taken in.
//
// To user memory: pieces of 1, 2, 4 bytes until the destination is aligned, 64-byte blocks, then pieces of 32..1. Long
// copies in a kernel whose CPU has FEAT_MOPS: mops.S.
//
// How a fault becomes an exact count. A landing finds the rest in x2, x3 and x4.
//   - A store is aligned, so a store that faults has stored nothing. The landing's name says how many bytes of the
//     piece were stored before.
//   - A load faults before any byte of its piece is stored. The one exception: the first 16 bytes of a bulk copy share
//     bytes with the next piece. Accessible memory ends at a multiple of 4 KiB, whatever the page size. If that edge
//     lies inside the reach of the piece, the bytes up to the edge are copied bytewise. If not, the access began in the
//     bad page, and no byte more can be copied.
//
// So no byte of the rest is stored, whatever pages were mapped or unmapped since the call began. Causes with bit 7 set
// (tags, poison, alignment) end anywhere: for them the rest is copied bytewise.

// `load` and `store` are the entry flags of a user-side load and store. 0 means the kernel side: it has no entry, so a
// fault there stays the kernel bug that it is. `form` is the form of CPYF* in which exactly the user's sides are
// unprivileged.
.macro axptr_define_copy routine, load, store, form
axptr_begin \routine
    mov     x3, x1
    mov     x4, x0
    mov     x1, xzr
    .if \store
    mov     x6, xzr
    axptr_copy_aligned \routine, \load, \store
    .else
    axptr_copy_overlapping \routine, \load
    .endif

    // Copies x2 bytes, at least one. After them, x6 more bytes are left that are not tried.
.Lbytes_\routine:
    axptr_piece \routine, \load, .Lbyte_\routine, ldtrb, ldrb, w8, [x3]
    axptr_piece \routine, \store, .Lbyte_\routine, sttrb, strb, w8, [x4]
    axptr_advance 1
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

    // Landings of loads: x5 gets how far above x3 the faulting access could reach.
    .if \load
.Lload2_\routine:
    mov     w5, 2
    b       .Lload_piece_\routine
.Lload4_\routine:
    mov     w5, 4
    b       .Lload_piece_\routine
.Lload8_\routine:
    mov     w5, 8
    b       .Lload_piece_\routine
    .if AXPTR_WIDE
.Lload16_\routine:
    mov     w5, 16
    b       .Lload_piece_\routine
.Lload32_\routine:
    mov     w5, 32
    b       .Lload_piece_\routine
    .endif
.Lload_\routine:
    mov     w5, AXPTR_REACH
.Lload_piece_\routine:
    .if !(\store)
    axptr_behind_first16 \routine
    .endif
.Lload_edge_\routine:
    mov     x6, xzr
    tbnz    w1, AXPTR_SUB_PAGE_BIT, .Lbytes_\routine
    neg     x7, x3
    and     x7, x7, 4095                // bytes before the edge; 0 if the page begins here
    .endif
    .if (\load) || AXPTR_KERNEL
    axptr_up_to_edge \routine
    .endif

    // Landings of stores: the bytes of the piece that were stored before.
    .if \store
    axptr_stored_landings \routine
.Lstored0_\routine:
    mov     w5, wzr
.Lstored_\routine:
    add     x3, x3, x5
    add     x4, x4, x5
    sub     x2, x2, x5
    tbz     w1, AXPTR_SUB_PAGE_BIT, .Lrest_\routine
    b       .Lbytes_\routine
    .endif

    .if AXPTR_KERNEL
    .if (\load) && (\store)
    axptr_mops_copy \routine, \load, \store, (\load | \store), \form
    .else
    axptr_mops_copy \routine, \load, \store, (\load | \store | AXPTR_STRICT), \form
    .endif
    .endif
axptr_end \routine
.endm

// From user memory to kernel memory. No access has to be aligned here.
.macro axptr_copy_overlapping routine, load
.Lclassify_\routine:
    cmp     x2, 16
    b.hi    .Lover16_\routine
    cmp     x2, 8
    b.hs    .L8to16_\routine
    cmp     x2, 4
    b.hs    .L4to7_\routine
    cmp     x2, 2
    b.hs    .L2to3_\routine
    cbz     x2, .Ldone_\routine
    axptr_access \routine, \load, .Lrest_\routine, ldtrb w8, [x3]
    strb    w8, [x4]
    b       .Ldone_\routine

    // Exactly 2, 4 and 8 bytes are one load, so a value does not tear.
.L2to3_\routine:
    axptr_access \routine, \load, .Lload2_\routine, ldtrh w8, [x3]
    b.eq    2f
    axptr_access \routine, \load, .Lload_\routine, ldtrb w9, [x3, 2]
    strb    w9, [x4, 2]
2:  strh    w8, [x4]
    b       .Ldone_\routine

.L4to7_\routine:
    axptr_access \routine, \load, .Lload4_\routine, ldtr w8, [x3]
    b.eq    2f
    add     x5, x3, x2
    axptr_access \routine, \load, .Lload_\routine, ldtr w9, [x5, -4]
    add     x6, x4, x2
    stur    w9, [x6, -4]
2:  str     w8, [x4]
    b       .Ldone_\routine

.L8to16_\routine:
    axptr_access \routine, \load, .Lload8_\routine, ldtr x8, [x3]
    b.eq    2f
    add     x5, x3, x2
    axptr_access \routine, \load, .Lload_\routine, ldtr x9, [x5, -8]
    add     x6, x4, x2
    stur    x9, [x6, -8]
2:  str     x8, [x4]
    b       .Ldone_\routine

    .if AXPTR_WIDE
    axptr_wide_overlapping \routine, \load
    .else
    axptr_narrow_overlapping \routine, \load
    .endif
.endm

// Moves x2, x3 and x4 past the first 16 bytes of a bulk copy, if these are stored and the piece to load begins inside
// them. x0 is still the start of the destination: if x4 equals it, nothing is stored. The move is at most 15 bytes, and
// more bytes are left, because a bulk copy has 65 bytes or more.
.macro axptr_behind_first16 routine
    cmp     x4, x0
    b.eq    .Lload_edge_\routine
    add     x6, x0, 16
    subs    x6, x6, x4
    b.ls    .Lload_edge_\routine
    add     x3, x3, x6
    add     x4, x4, x6
    sub     x2, x2, x6
.endm

// To user memory, with aligned stores only.
.macro axptr_copy_aligned routine, load, store
    tst     x4, 7
    b.eq    .Laligned_\routine
    cbz     x2, .Ldone_\routine
    tbz     x4, 0, 2f
    axptr_move \routine, \load, \store, .Lrest_\routine, .Lrest_\routine, b, w8
    axptr_advance 1
2:  tbz     x4, 1, 3f
    cmp     x2, 2
    b.lo    .Lunder8_\routine
    axptr_move \routine, \load, \store, .Lload2_\routine, .Lstored0_\routine, h, w8
    axptr_advance 2
3:  tbz     x4, 2, .Laligned_\routine
    cmp     x2, 4
    b.lo    .Lunder8_\routine
    axptr_move \routine, \load, \store, .Lload4_\routine, .Lstored0_\routine, , w8
    axptr_advance 4
.Laligned_\routine:
    cmp     x2, 64
    b.lo    .Lunder64_\routine
    .if AXPTR_KERNEL
    axptr_if_mops .Lmops_\routine
    .endif
.Lblocks_\routine:
    axptr_block_in \routine, \load
    axptr_access \routine, \store, .Lstored0_\routine, sttr x8, [x4]
    axptr_access \routine, \store, .Lstored8_\routine, sttr x9, [x4, 8]
    axptr_access \routine, \store, .Lstored16_\routine, sttr x10, [x4, 16]
    axptr_access \routine, \store, .Lstored24_\routine, sttr x11, [x4, 24]
    axptr_access \routine, \store, .Lstored32_\routine, sttr x12, [x4, 32]
    axptr_access \routine, \store, .Lstored40_\routine, sttr x13, [x4, 40]
    axptr_access \routine, \store, .Lstored48_\routine, sttr x14, [x4, 48]
    axptr_access \routine, \store, .Lstored56_\routine, sttr x15, [x4, 56]
    axptr_advance 64
    cmp     x2, 64
    b.hs    .Lblocks_\routine

.Lunder64_\routine:
    tbz     x2, 5, 2f
    axptr_load16 \routine, \load, x8, x9, 0
    axptr_load16 \routine, \load, x10, x11, 16
    axptr_access \routine, \store, .Lstored0_\routine, sttr x8, [x4]
    axptr_access \routine, \store, .Lstored8_\routine, sttr x9, [x4, 8]
    axptr_access \routine, \store, .Lstored16_\routine, sttr x10, [x4, 16]
    axptr_access \routine, \store, .Lstored24_\routine, sttr x11, [x4, 24]
    axptr_advance 32
2:  tbz     x2, 4, 2f
    axptr_load16 \routine, \load, x8, x9, 0
    axptr_access \routine, \store, .Lstored0_\routine, sttr x8, [x4]
    axptr_access \routine, \store, .Lstored8_\routine, sttr x9, [x4, 8]
    axptr_advance 16
2:  tbz     x2, 3, .Lunder8_\routine
.Lone_word_\routine:
    axptr_move \routine, \load, \store, .Lload8_\routine, .Lstored0_\routine, , x8
    axptr_advance 8
    axptr_back_to_mops \routine
    // On every path to here, the destination is aligned to what is left.
.Lunder8_\routine:
    tbz     x2, 2, 2f
    axptr_move \routine, \load, \store, .Lload4_\routine, .Lstored0_\routine, , w8
    axptr_advance 4
2:  tbz     x2, 1, 2f
    axptr_move \routine, \load, \store, .Lload2_\routine, .Lstored0_\routine, h, w8
    axptr_advance 2
2:  tbz     x2, 0, .Ldone_\routine
    // The bytewise loop follows, and copies the last byte.
.endm

// Moves one piece. Its width is that of `suffix` and of the register.
.macro axptr_move routine, load, store, load_landing, store_landing, suffix, register
    axptr_piece \routine, \load, \load_landing, ldtr\suffix, ldr\suffix, \register, [x3]
    axptr_access \routine, \store, \store_landing, sttr\suffix \register, [x4]
.endm

// Loads 16 bytes at offset `at` of the source: as a pair, unless the source is user memory and pairs are not for it
// (macros.S). Offset 0 is the first access of its piece.
.macro axptr_load16 routine, load, first, second, at
    .if (\load) && AXPTR_WIDE && (\at == 0)
    axptr_access \routine, \load, .Lload16_\routine, ldp \first, \second, [x3, \at]
    .elseif (\load) && AXPTR_WIDE
    axptr_access \routine, \load, .Lload_\routine, ldp \first, \second, [x3, \at]
    .elseif (\load) && (\at == 0)
    axptr_access \routine, \load, .Lload8_\routine, ldtr \first, [x3, \at]
    axptr_access \routine, \load, .Lload_\routine, ldtr \second, [x3, \at + 8]
    .elseif \load
    axptr_access \routine, \load, .Lload_\routine, ldtr \first, [x3, \at]
    axptr_access \routine, \load, .Lload_\routine, ldtr \second, [x3, \at + 8]
    .else
    ldp     \first, \second, [x3, \at]
    .endif
.endm

// Loads a block into x8-x15.
.macro axptr_block_in routine, load
    axptr_load16 \routine, \load, x8, x9, 0
    axptr_load16 \routine, \load, x10, x11, 16
    axptr_load16 \routine, \load, x12, x13, 32
    axptr_load16 \routine, \load, x14, x15, 48
.endm

.macro axptr_advance bytes
    add     x3, x3, \bytes
    add     x4, x4, \bytes
    sub     x2, x2, \bytes
.endm

axptr_define_copy copy_from_user, AXPTR_R, 0, rt
axptr_define_copy copy_to_user, 0, AXPTR_W, wt
axptr_define_copy copy_in_user, AXPTR_R, AXPTR_W, t

// The same text again, for contexts in which the pager must not run: only the pc tells the two instances apart.
.set AXPTR_RN, AXPTR_R | AXPTR_NOFAULT
.set AXPTR_WN, AXPTR_W | AXPTR_NOFAULT
axptr_define_copy copy_from_user_nofault, AXPTR_RN, 0, rt
axptr_define_copy copy_to_user_nofault, 0, AXPTR_WN, wt
axptr_define_copy copy_in_user_nofault, AXPTR_RN, AXPTR_WN, t
