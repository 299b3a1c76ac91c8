// SPDX-License-Identifier: MIT OR Apache-2.0
// Fills user memory with one byte.
//
// __axptr_fill_user(a0 dst, a1 byte, a2 len) -> a0 bytes NOT filled, a1 cause
// Clobbers a2, a3, a5 and t0-t6. Never touches the stack.
//
// The widths and the landings are those of copy.S, with the destination as the only side.

.macro axptr_define_fill routine, store
axptr_begin \routine
    andi    t1, a1, 255
    slli    t0, t1, 8
    or      t1, t1, t0
    slli    t0, t1, 16
    or      t1, t1, t0
    slli    t0, t1, 32
    or      t1, t1, t0
    li      a1, 0
    axptr_window_open
    li      t0, 16
    add     a5, a0, a2
    bgeu    a2, t0, .Lwide_\routine
    andi    t0, a0, 7
    beqz    t0, .Leights_\routine
    andi    t0, a0, 3
    beqz    t0, .Lfours_\routine
    andi    t0, a0, 1
    beqz    t0, .Ltwos_\routine
    j       .Lbytes_\routine

.Lwide_\routine:
    neg     t0, a0
    andi    t0, t0, 7
    beqz    t0, .Laligned_\routine
    add     t6, a0, t0
2:  axptr_access \routine, \store, .Lrest_\routine, sb t1, 0(a0)
    addi    a0, a0, 1
    bne     a0, t6, 2b

.Laligned_\routine:
    sub     t0, a5, a0
    andi    t0, t0, -64
    beqz    t0, .Leights_\routine
    add     t6, a0, t0
.Lblocks_\routine:
    axptr_access \routine, \store, .Lhere_\routine, sd t1, 0(a0)
    axptr_access \routine, \store, .Lstored1_\routine, sd t1, 8(a0)
    axptr_access \routine, \store, .Lstored2_\routine, sd t1, 16(a0)
    axptr_access \routine, \store, .Lstored3_\routine, sd t1, 24(a0)
    axptr_access \routine, \store, .Lstored4_\routine, sd t1, 32(a0)
    axptr_access \routine, \store, .Lstored5_\routine, sd t1, 40(a0)
    axptr_access \routine, \store, .Lstored6_\routine, sd t1, 48(a0)
    axptr_access \routine, \store, .Lstored7_\routine, sd t1, 56(a0)
    addi    a0, a0, 64
    bne     a0, t6, .Lblocks_\routine

    // What is left, from the widest store that the destination is aligned to.
.Leights_\routine:
    sub     t0, a5, a0
    andi    t0, t0, -8
    beqz    t0, .Lfours_\routine
    add     t6, a0, t0
2:  axptr_access \routine, \store, .Lhere_\routine, sd t1, 0(a0)
    addi    a0, a0, 8
    bne     a0, t6, 2b
.Lfours_\routine:
    sub     t0, a5, a0
    andi    t0, t0, -4
    beqz    t0, .Ltwos_\routine
    add     t6, a0, t0
2:  axptr_access \routine, \store, .Lhere_\routine, sw t1, 0(a0)
    addi    a0, a0, 4
    bne     a0, t6, 2b
.Ltwos_\routine:
    sub     t0, a5, a0
    andi    t0, t0, -2
    beqz    t0, .Lbytes_\routine
    add     t6, a0, t0
2:  axptr_access \routine, \store, .Lhere_\routine, sh t1, 0(a0)
    addi    a0, a0, 2
    bne     a0, t6, 2b
.Lbytes_\routine:
    beq     a0, a5, .Lrest_\routine
2:  axptr_access \routine, \store, .Lrest_\routine, sb t1, 0(a0)
    addi    a0, a0, 1
    bne     a0, a5, 2b

    // The only exit, also of landings.
.Lrest_\routine:
    sub     a0, a5, a0
    axptr_window_close
    ret

    // Landings: see copy.S.
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
.Lhere_\routine:
    andi    t0, a1, AXPTR_SUB_PAGE
    beqz    t0, .Lrest_\routine
    j       .Lbytes_\routine
axptr_end \routine
.endm

axptr_define_fill fill_user, AXPTR_W
axptr_define_fill fill_user_nofault, (AXPTR_W | AXPTR_NOFAULT)
