// SPDX-License-Identifier: MIT OR Apache-2.0
// Copies a string from user memory, including its terminator.
//
// __axptr_copy_string(a0 dst, a1 src, a2 max) -> a0 max less the bytes copied, a1 cause
// Clobbers a2-a4 and t0-t5.
//
// The copy ends at the first 0, at `max`, or at a fault. The last byte copied and the count tell which. It reads user
// memory by aligned words. No aligned word straddles a page. So it never touches the page behind that of the
// terminator. And if a word faults, it has no byte to copy, so nothing is tried again. (A cause with bit 7 set ends
// anywhere: for it the rest is copied bytewise.) It stores only bytes of the string. It stores them one by one if words
// would be unaligned and the CPU has no UAL.
//
//   a3  the current word; a0, a2: where the next byte goes, and how many may follow
//   a4  src + max, so that a4 - a2 is the address of the next byte
//   t1  0x0101010101010101; t2: 0x8080808080808080
//   t3  the bytes of the word; t4: how many of them are left to be stored one by one
//   t5  not 0 if words must not be stored

.macro axptr_define_copy_string routine, load
axptr_begin \routine
    move    $a3, $a1
    move    $a1, $zero
    beqz    $a2, .Lexit_\routine
    add.d   $a4, $a3, $a2
    xor     $t5, $a0, $a3
    andi    $t5, $t5, 7
    beqz    $t5, .Lchosen_\routine      // aligned alike
    la.pcrel $t1, {cpu}
    ld.bu   $t0, $t1, 0
    beqz    $t0, .Lask_\routine
.Lknown_\routine:
    andi    $t0, $t0, AXPTR_CPU_UAL
    masknez $t5, $t5, $t0
.Lchosen_\routine:
    lu12i.w $t1, 0x01010
    ori     $t1, $t1, 0x101
    bstrins.d $t1, $t1, 63, 32
    slli.d  $t2, $t1, 7
    andi    $t0, $a3, 7
    bstrins.d $a3, $zero, 2, 0
    axptr_access \routine, \load, .Lfault_\routine, ld.d $t3, $a3, 0
    beqz    $t0, .Lword_\routine
    // The bytes of the word that precede the string are dropped.
    slli.d  $t4, $t0, 3
    srl.d   $t3, $t3, $t4
    ori     $t4, $zero, 8
    sub.d   $t4, $t4, $t0

    // Up to t4 bytes of t3, lowest first: the head of the string, its end, or a word that cannot be stored whole.
.Lbytes_\routine:
    st.b    $t3, $a0, 0
    andi    $t0, $t3, 0xff
    addi.d  $a0, $a0, 1
    addi.d  $a2, $a2, -1
    beqz    $a2, .Lexit_\routine
    beqz    $t0, .Lexit_\routine
    srli.d  $t3, $t3, 8
    addi.d  $t4, $t4, -1
    bnez    $t4, .Lbytes_\routine

.Lnext_\routine:
    addi.d  $a3, $a3, 8
    axptr_access \routine, \load, .Lfault_\routine, ld.d $t3, $a3, 0
.Lword_\routine:
    // (x - 01..01) & ~x & 80..80 is 0 if no byte of x is 0.
    sub.d   $t0, $t3, $t1
    andn    $t0, $t0, $t3
    and     $t0, $t0, $t2
    or      $t0, $t0, $t5
    ori     $t4, $zero, 8
    bnez    $t0, .Lbytes_\routine
    bltu    $a2, $t4, .Lbytes_\routine
    st.d    $t3, $a0, 0
    addi.d  $a0, $a0, 8
    addi.d  $a2, $a2, -8
    bnez    $a2, .Lnext_\routine

    // The only exit.
.Lexit_\routine:
    move    $a0, $a2
    ret

.Lask_\routine:
    axptr_ask_cpu $t0, $t1, $t2, $t3
    b       .Lknown_\routine

.Lfault_\routine:
    andi    $t0, $a1, AXPTR_SUB_PAGE
    beqz    $t0, .Lexit_\routine        // the cause ends at a page, so the word had no byte to copy
    sub.d   $a3, $a4, $a2
    axptr_global __axptr_\routine\()_bytewise  // for tests: causes that end at a page do not come here
.Lbytewise_\routine:
__axptr_\routine\()_bytewise:
    axptr_access \routine, \load, .Lexit_\routine, ld.bu $t0, $a3, 0
    st.b    $t0, $a0, 0
    addi.d  $a3, $a3, 1
    addi.d  $a0, $a0, 1
    addi.d  $a2, $a2, -1
    beqz    $a2, .Lall_good_\routine
    bnez    $t0, .Lbytewise_\routine
.Lall_good_\routine:
    move    $a1, $zero
    b       .Lexit_\routine
axptr_end \routine
.endm

axptr_define_copy_string copy_string, AXPTR_R
axptr_define_copy_string copy_string_nofault, AXPTR_RN
