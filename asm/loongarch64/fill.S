// SPDX-License-Identifier: MIT OR Apache-2.0
// Fills user memory with one byte.
//
// __axptr_fill_user(a0 dst, a1 byte, a2 len) -> a0 bytes NOT filled, a1 cause
// Clobbers a2, a3, t0, t1 and t8.
//
// The steps and the landings are those of copy.S, with the destination as the only side. Every store is aligned.

.macro axptr_define_fill routine, store
axptr_begin \routine
    bstrpick.d $a3, $a1, 7, 0
    bstrins.d $a3, $a3, 15, 8
    bstrins.d $a3, $a3, 31, 16
    bstrins.d $a3, $a3, 63, 32
    move    $a1, $zero
    beqz    $a2, .Lrest_\routine
    andi    $t0, $a0, 7
    beqz    $t0, .Laligned_\routine
    andi    $t0, $a0, 1
    beqz    $t0, .Lhead2_\routine
    axptr_fill \routine, \store, .Lrest_\routine, 1, st.b
.Lhead2_\routine:
    ori     $t1, $zero, 2
    bltu    $a2, $t1, .Ltail_\routine
    andi    $t0, $a0, 2
    beqz    $t0, .Lhead4_\routine
    axptr_fill \routine, \store, .Lstored0_\routine, 2, st.h
.Lhead4_\routine:
    ori     $t1, $zero, 4
    bltu    $a2, $t1, .Ltail_\routine
    andi    $t0, $a0, 4
    beqz    $t0, .Laligned_\routine
    axptr_fill \routine, \store, .Lstored0_\routine, 4, st.w

.Laligned_\routine:
    ori     $t8, $zero, 64
    bltu    $a2, $t8, .Lunder64_\routine
    .balign 16
.Lblock_\routine:
    axptr_access \routine, \store, .Lstored0_\routine, st.d $a3, $a0, 0
    axptr_access \routine, \store, .Lstored8_\routine, st.d $a3, $a0, 8
    axptr_access \routine, \store, .Lstored16_\routine, st.d $a3, $a0, 16
    axptr_access \routine, \store, .Lstored24_\routine, st.d $a3, $a0, 24
    axptr_access \routine, \store, .Lstored32_\routine, st.d $a3, $a0, 32
    axptr_access \routine, \store, .Lstored40_\routine, st.d $a3, $a0, 40
    axptr_access \routine, \store, .Lstored48_\routine, st.d $a3, $a0, 48
    axptr_access \routine, \store, .Lstored56_\routine, st.d $a3, $a0, 56
    addi.d  $a2, $a2, -64
    addi.d  $a0, $a0, 64
    bgeu    $a2, $t8, .Lblock_\routine
.Lunder64_\routine:
    ori     $t8, $zero, 8
    bltu    $a2, $t8, .Ltail_\routine
.Lword_\routine:
    axptr_fill \routine, \store, .Lstored0_\routine, 8, st.d
    bgeu    $a2, $t8, .Lword_\routine

    // Fewer bytes are left than the next power of two to which the destination would be aligned.
.Ltail_\routine:
    andi    $t0, $a2, 4
    beqz    $t0, .Ltail2_\routine
    axptr_fill \routine, \store, .Lstored0_\routine, 4, st.w
.Ltail2_\routine:
    andi    $t0, $a2, 2
    beqz    $t0, .Ltail1_\routine
    axptr_fill \routine, \store, .Lstored0_\routine, 2, st.h
.Ltail1_\routine:
    beqz    $a2, .Lrest_\routine
.Lbytes_\routine:                       // one byte; from a landing, all that are left
    axptr_fill \routine, \store, .Lrest_\routine, 1, st.b
    bnez    $a2, .Lbytes_\routine

    // The only exit. A landing also comes here: exactly a2 bytes are left.
.Lrest_\routine:
    move    $a0, $a2
    ret

    // Landings: see copy.S.
    axptr_stored_landings \routine
.Lstored_\routine:
    sub.d   $a2, $a2, $t0
    add.d   $a0, $a0, $t0
.Lstored0_\routine:
    andi    $t0, $a1, AXPTR_SUB_PAGE
    beqz    $t0, .Lrest_\routine
    b       .Lbytes_\routine
axptr_end \routine
.endm

// Fills `size` bytes, then goes past them.
.macro axptr_fill routine, store, landing, size, st
    axptr_access \routine, \store, \landing, \st $a3, $a0, 0
    addi.d  $a2, $a2, -\size
    addi.d  $a0, $a0, \size
.endm

axptr_define_fill fill_user, AXPTR_W
axptr_define_fill fill_user_nofault, AXPTR_WN
