// SPDX-License-Identifier: MIT OR Apache-2.0
// Copies between two ranges. One or both are user memory, whose accesses may fault. One text gives an instance for each
// direction, and a second instance of each without the pager.
//
// __axptr_copy_*(a0 dst, a1 src, a2 len) -> a0 bytes NOT copied, a1 cause
// Clobbers a2-a7 and t0-t6. Never touches the stack.
//
// Every access is aligned to its own width. A misaligned access may trap, or be emulated at a hundred times its cost.
// No instruction tells which (Unprivileged ISA, "Load and Store Instructions").
//   - Below 16 bytes, and for what is left at the end: words of 8, 4 and 2 bytes, as far as both sides are aligned
//     alike. Then bytes.
//   - From 16 bytes on, stores first align the destination. If that aligns the source too, blocks of 64 bytes follow.
//     If not, words of the source are shifted and joined: four at a time, then one.
//
// A value of 1, 2, 4 or 8 bytes is one access on the user side, if it is aligned there. (If both sides are user memory,
// it must be aligned on both.) The alignment of the kernel side does not matter.
//
// How a fault becomes an exact count. A faulting instruction changes nothing, and an aligned access lies in one page.
//   - A store that faults has stored nothing, and all stores before it are done: its landing counts them.
//   - A load that faults gives no byte of its word. But words before it may wait in registers. Accessible memory ends
//     at a multiple of 4 KiB, whatever the page size. If such an edge lies between these words, the bytes up to the
//     edge are copied one by one. If not, the page has gone since, and these bytes cannot be copied either.
//
// Causes with bit 7 set (damaged memory) end anywhere: for them the rest is copied bytewise.
//
//   a4  where the source goes on; in the joining loops, its next whole word
//   a7  source minus destination: a landing finds the source by it
//   t6  where the current loop ends in the destination

// `load` and `store` are the entry flags of a load and a store. 0 means the kernel side: it has no entry, so a fault
// there stays the kernel bug that it is.
.macro axptr_define_copy routine, load, store
axptr_begin \routine
    mv      a4, a1
    sub     a7, a1, a0
    li      a1, 0
    axptr_window_open
    li      t0, 16
    add     a5, a0, a2
    bgeu    a2, t0, .Lwide_\routine
    or      t1, a0, a4
    andi    t0, t1, 7
    beqz    t0, .Leights_\routine
    .if !((\load) && (\store))
    addi    t0, a2, -1
    .if \load
    or      t2, a2, a4
    .else
    or      t2, a2, a0
    .endif
    and     t2, t2, t0
    beqz    t2, .Lvalue_\routine       // a power of two, and aligned to it
    .endif
.Lby_alignment_\routine:                // t1: bits 0 and 1 of both sides
    andi    t0, t1, 3
    beqz    t0, .Lfours_\routine
    andi    t0, t1, 1
    beqz    t0, .Ltwos_\routine
    j       .Lbytes_\routine

.Lwide_\routine:
    neg     t0, a0
    andi    t0, t0, 7
    beqz    t0, .Laligned_\routine
    add     t6, a0, t0
2:  axptr_access \routine, \load, .Lrest_\routine, lbu t0, 0(a4)
    axptr_access \routine, \store, .Lrest_\routine, sb t0, 0(a0)
    addi    a4, a4, 1
    addi    a0, a0, 1
    bne     a0, t6, 2b

.Laligned_\routine:                     // the destination is aligned, and 9 bytes or more are left
    andi    t0, a4, 7
    bnez    t0, .Ljoin_\routine
    sub     t0, a5, a0
    andi    t0, t0, -64
    beqz    t0, .Leights_\routine
    add     t6, a0, t0
.Lblocks_\routine:
    axptr_access \routine, \load, .Lhere_\routine, ld t0, 0(a4)
    axptr_access \routine, \load, .Lload_ahead_\routine, ld t1, 8(a4)
    axptr_access \routine, \load, .Lload_ahead_\routine, ld t2, 16(a4)
    axptr_access \routine, \load, .Lload_ahead_\routine, ld t3, 24(a4)
    axptr_access \routine, \load, .Lload_ahead_\routine, ld t4, 32(a4)
    axptr_access \routine, \load, .Lload_ahead_\routine, ld t5, 40(a4)
    axptr_access \routine, \load, .Lload_ahead_\routine, ld a2, 48(a4)
    axptr_access \routine, \load, .Lload_ahead_\routine, ld a6, 56(a4)
    axptr_access \routine, \store, .Lhere_\routine, sd t0, 0(a0)
    axptr_access \routine, \store, .Lstored1_\routine, sd t1, 8(a0)
    axptr_access \routine, \store, .Lstored2_\routine, sd t2, 16(a0)
    axptr_access \routine, \store, .Lstored3_\routine, sd t3, 24(a0)
    axptr_access \routine, \store, .Lstored4_\routine, sd t4, 32(a0)
    axptr_access \routine, \store, .Lstored5_\routine, sd t5, 40(a0)
    axptr_access \routine, \store, .Lstored6_\routine, sd a2, 48(a0)
    axptr_access \routine, \store, .Lstored7_\routine, sd a6, 56(a0)
    addi    a4, a4, 64
    addi    a0, a0, 64
    bne     a0, t6, .Lblocks_\routine

    // What is left, from the widest access that both sides are aligned to.
.Leights_\routine:
    sub     t0, a5, a0
    andi    t0, t0, -8
    beqz    t0, .Lfours_\routine
    add     t6, a0, t0
2:  axptr_access \routine, \load, .Lhere_\routine, ld t0, 0(a4)
    axptr_access \routine, \store, .Lhere_\routine, sd t0, 0(a0)
    addi    a4, a4, 8
    addi    a0, a0, 8
    bne     a0, t6, 2b
    beq     a0, a5, .Lrest_\routine
.Lfours_\routine:
    sub     t0, a5, a0
    andi    t0, t0, -4
    beqz    t0, .Ltwos_\routine
    add     t6, a0, t0
2:  axptr_access \routine, \load, .Lhere_\routine, lw t0, 0(a4)
    axptr_access \routine, \store, .Lhere_\routine, sw t0, 0(a0)
    addi    a4, a4, 4
    addi    a0, a0, 4
    bne     a0, t6, 2b
    beq     a0, a5, .Lrest_\routine
.Ltwos_\routine:
    sub     t0, a5, a0
    andi    t0, t0, -2
    beqz    t0, .Lbytes_\routine
    add     t6, a0, t0
2:  axptr_access \routine, \load, .Lhere_\routine, lh t0, 0(a4)
    axptr_access \routine, \store, .Lhere_\routine, sh t0, 0(a0)
    addi    a4, a4, 2
    addi    a0, a0, 2
    bne     a0, t6, 2b
.Lbytes_\routine:
    beq     a0, a5, .Lrest_\routine
    mv      t6, a5
.Lbytes_to_t6_\routine:
    axptr_access \routine, \load, .Lrest_\routine, lbu t0, 0(a4)
    axptr_access \routine, \store, .Lrest_\routine, sb t0, 0(a0)
    addi    a4, a4, 1
    addi    a0, a0, 1
    bne     a0, t6, .Lbytes_to_t6_\routine

    // The only exit, also of landings.
.Lrest_\routine:
    sub     a0, a5, a0
    axptr_window_close
    ret

    // The destination is aligned, the source is off by t0 bytes. So each word of the destination is the high end of one
    // word of the source and the low end of the next.
    //   a6  the high end, 8 - t0 bytes: read, not stored
    //   t4  how far to shift a word right for its high end; t5: left for its low end
.Ljoin_\routine:
    sub     t1, a5, a0
    li      t2, 16
    sub     t2, t2, t0
    bltu    t1, t2, .Lunjoin_\routine   // no whole word of the source behind the first end
    slli    t4, t0, 3
    neg     t5, t4                      // 64 minus t4: shifts take the low 6 bits
    mv      t2, a4
    addi    a4, a4, 7
    andi    a4, a4, -8
    mv      t1, a4
    li      a6, 0
    // The first high end is read bytewise, because its word may begin before the range.
2:  addi    t1, t1, -1
    axptr_access \routine, \load, .Lhere_\routine, lbu t0, 0(t1)
    slli    a6, a6, 8
    or      a6, a6, t0
    bne     t1, t2, 2b
    add     t0, a5, a7
    sub     t0, t0, a4                  // bytes of the source from its next whole word on
    andi    t1, t0, -32
    beqz    t1, .Ljoin_one_\routine
    add     t6, a0, t1
.Ljoin_four_\routine:
    axptr_access \routine, \load, .Lload_ahead_\routine, ld t0, 0(a4)
    axptr_access \routine, \load, .Lload_ahead_\routine, ld t1, 8(a4)
    axptr_access \routine, \load, .Lload_ahead_\routine, ld t2, 16(a4)
    axptr_access \routine, \load, .Lload_ahead_\routine, ld t3, 24(a4)
    addi    a4, a4, 32
    sll     a2, t0, t5
    or      a2, a2, a6
    srl     t0, t0, t4
    sll     a6, t1, t5
    or      t0, t0, a6
    srl     t1, t1, t4
    sll     a6, t2, t5
    or      t1, t1, a6
    srl     t2, t2, t4
    sll     a6, t3, t5
    or      t2, t2, a6
    srl     a6, t3, t4
    axptr_access \routine, \store, .Lhere_\routine, sd a2, 0(a0)
    axptr_access \routine, \store, .Lstored1_\routine, sd t0, 8(a0)
    axptr_access \routine, \store, .Lstored2_\routine, sd t1, 16(a0)
    axptr_access \routine, \store, .Lstored3_\routine, sd t2, 24(a0)
    addi    a0, a0, 32
    bne     a0, t6, .Ljoin_four_\routine
    add     t0, a5, a7
    sub     t0, t0, a4
.Ljoin_one_\routine:                    // t0: as above
    andi    t0, t0, -8
    beqz    t0, .Lunjoin_\routine
    add     t6, a0, t0
2:  axptr_access \routine, \load, .Lload_ahead_\routine, ld t0, 0(a4)
    addi    a4, a4, 8
    sll     a2, t0, t5
    or      a2, a2, a6
    srl     a6, t0, t4
    axptr_access \routine, \store, .Lhere_\routine, sd a2, 0(a0)
    addi    a0, a0, 8
    bne     a0, t6, 2b
.Lunjoin_\routine:
    add     a4, a0, a7
    or      t1, a0, a4
    j       .Lby_alignment_\routine

    // At most 8 bytes, a power of two, to which the user side is aligned. The kernel side may not be aligned, so it
    // goes bytewise. (In a copy within user space, the normal path copies values that are aligned on both sides.)
    .if !((\load) && (\store))
.Lvalue_\routine:
    .if !(\load)
    // Gathers from the last byte on, because the first byte must be the lowest.
    add     t1, a4, a2
    li      t0, 0
    beqz    a2, .Lrest_\routine
2:  addi    t1, t1, -1
    lbu     t2, 0(t1)
    slli    t0, t0, 8
    or      t0, t0, t2
    bne     t1, a4, 2b
    .endif
    andi    t1, a2, 8
    bnez    t1, .Lvalue8_\routine
    andi    t1, a2, 4
    bnez    t1, .Lvalue4_\routine
    andi    t1, a2, 2
    beqz    t1, .Lbytes_\routine
    axptr_value \routine, \load, \store, lhu, sh
.Lvalue4_\routine:
    axptr_value \routine, \load, \store, lwu, sw
.Lvalue8_\routine:
    axptr_value \routine, \load, \store, ld, sd
    .if \load
.Lspread_\routine:
    sb      t0, 0(a0)
    srli    t0, t0, 8
    addi    a0, a0, 1
    bne     a0, a5, .Lspread_\routine
    j       .Lrest_\routine
    .endif
    .endif

    // Landings of accesses above the first byte that is not done.
    .if \load
.Lload_ahead_\routine:
    andi    t0, a1, AXPTR_SUB_PAGE
    bnez    t0, .Lbytewise_\routine
    add     a4, a0, a7
    neg     t0, a4
    slli    t0, t0, 52
    srli    t0, t0, 52                  // bytes before the edge; 0 if the page begins here
    beqz    t0, .Lrest_\routine
    sub     t1, a5, a0
    bgeu    t0, t1, .Lrest_\routine
    add     t6, a0, t0
    j       .Lbytes_to_t6_\routine
    .endif

    .if \store
.Lstored7_\routine:
    addi    a0, a0, 8
.Lstored6_\routine:
    addi    a0, a0, 8
.Lstored5_\routine:
    addi    a0, a0, 8
.Lstored4_\routine:
    addi    a0, a0, 8
.Lstored3_\routine:
    addi    a0, a0, 8
.Lstored2_\routine:
    addi    a0, a0, 8
.Lstored1_\routine:
    addi    a0, a0, 8
    .endif

    // The landing of an access to the first byte that is not done.
.Lhere_\routine:
    andi    t0, a1, AXPTR_SUB_PAGE
    beqz    t0, .Lrest_\routine
.Lbytewise_\routine:
    add     a4, a0, a7
    j       .Lbytes_\routine
axptr_end \routine
.endm

// The user-side access to a value. The kernel-side bytes have been gathered into t0 before, or are spread from t0 after
// it.
.macro axptr_value routine, load, store, ld, st
    .if \load
    axptr_access \routine, \load, .Lhere_\routine, \ld t0, 0(a4)
    j       .Lspread_\routine
    .else
    axptr_access \routine, \store, .Lhere_\routine, \st t0, 0(a0)
    mv      a0, a5
    j       .Lrest_\routine
    .endif
.endm

axptr_define_copy copy_from_user, AXPTR_R, 0
axptr_define_copy copy_to_user, 0, AXPTR_W
axptr_define_copy copy_in_user, AXPTR_R, AXPTR_W

// The same text again, for contexts in which the pager must not run: only the pc tells the two instances apart.
.set AXPTR_RN, AXPTR_R | AXPTR_NOFAULT
.set AXPTR_WN, AXPTR_W | AXPTR_NOFAULT
axptr_define_copy copy_from_user_nofault, AXPTR_RN, 0
axptr_define_copy copy_to_user_nofault, 0, AXPTR_WN
axptr_define_copy copy_in_user_nofault, AXPTR_RN, AXPTR_WN
