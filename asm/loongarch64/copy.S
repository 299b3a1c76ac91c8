// SPDX-License-Identifier: MIT OR Apache-2.0
// Copies between two ranges of which one, or both, may fault. One text; an instance per direction, and again
// for each without the pager.
//
// __axptr_copy_*(a0 dst, a1 src, a2 len) -> a0 bytes NOT copied, a1 cause
// Clobbers a2-a4 and t0-t8.
//
// First up to three stores align the destination to 8 bytes, then blocks of 64 bytes and words, then up to
// three stores finish. So every store is naturally aligned and none can straddle a page and leave a part of
// itself behind. Loads follow the destination's alignment: unaligned where the CPU has UAL (CPUCFG word 1 bit
// 20; Reference Manual vol. 1, chapter 2). Where it has not, and the two sides differ modulo 8, aligned words
// are shifted into place, each of them wholly inside the range. A value of 1, 2, 4 or 8 bytes that is aligned
// on the user's side (on both, if both are the user's) is one access there, wherever the kernel's side lies.
//
// How a fault becomes an exact count. A faulting instruction changes nothing. Each landing first moves a0, a2
// and a3 behind what has been stored: then they describe the rest, and no byte of it has been touched, whatever
// pages have come or gone since the call began.
//   - A store begins where the rest does. It is aligned, so none of it can be done, and no more.
//   - A load may stand behind bytes that can be read. Accessible memory ends at a multiple of 4 KiB, whatever
//     the page size. If such an edge lies inside the rest and in the access's reach, the bytes up to it are
//     done one by one; if not, the page has no byte to offer.
// Causes with bit 7 set (alignment, poison) end anywhere: the rest is done bytewise.

// `load` and `store` are the entry flags of a load and a store; 0 means kernel side: no entry, so a fault
// there stays the kernel bug that it is.
.macro axptr_define_copy routine, load, store
axptr_begin \routine
    move    $a3, $a1
    move    $a1, $zero
    beqz    $a2, .Lrest_\routine
    xor     $t0, $a0, $a3
    andi    $t0, $t0, 7
    beqz    $t0, .Lhead_\routine        // aligned alike: nothing will be unaligned
    la.pcrel $t1, {cpu}
    ld.bu   $t0, $t1, 0
    beqz    $t0, .Lask_\routine
.Lknown_\routine:
    andi    $t0, $t0, AXPTR_CPU_UAL
    beqz    $t0, .Lshifted_\routine
    .if !(\store)
    ori     $t1, $zero, 9
    bltu    $a2, $t1, .Lunaligned_value_\routine
    .endif

.Lhead_\routine:
    andi    $t0, $a0, 7
    beqz    $t0, .Laligned_\routine
    andi    $t0, $a0, 1
    beqz    $t0, .Lhead2_\routine
    axptr_move \routine, \load, \store, .Lrest_\routine, .Lrest_\routine, 1, ld.bu, st.b
.Lhead2_\routine:
    ori     $t1, $zero, 2
    bltu    $a2, $t1, .Ltail_\routine
    andi    $t0, $a0, 2
    beqz    $t0, .Lhead4_\routine
    axptr_move \routine, \load, \store, .Lload8_\routine, .Lstored0_\routine, 2, ld.hu, st.h
.Lhead4_\routine:
    ori     $t1, $zero, 4
    bltu    $a2, $t1, .Ltail_\routine
    andi    $t0, $a0, 4
    beqz    $t0, .Laligned_\routine
    axptr_move \routine, \load, \store, .Lload8_\routine, .Lstored0_\routine, 4, ld.wu, st.w

.Laligned_\routine:
    ori     $t8, $zero, 64
    bltu    $a2, $t8, .Lunder64_\routine
    .balign 16
.Lblock_\routine:
    axptr_access \routine, \load, .Lload_\routine, ld.d $t0, $a3, 0
    axptr_access \routine, \load, .Lload_\routine, ld.d $t1, $a3, 8
    axptr_access \routine, \load, .Lload_\routine, ld.d $t2, $a3, 16
    axptr_access \routine, \load, .Lload_\routine, ld.d $t3, $a3, 24
    axptr_access \routine, \load, .Lload_\routine, ld.d $t4, $a3, 32
    axptr_access \routine, \load, .Lload_\routine, ld.d $t5, $a3, 40
    axptr_access \routine, \load, .Lload_\routine, ld.d $t6, $a3, 48
    axptr_access \routine, \load, .Lload_\routine, ld.d $t7, $a3, 56
    axptr_access \routine, \store, .Lstored0_\routine, st.d $t0, $a0, 0
    axptr_access \routine, \store, .Lstored8_\routine, st.d $t1, $a0, 8
    axptr_access \routine, \store, .Lstored16_\routine, st.d $t2, $a0, 16
    axptr_access \routine, \store, .Lstored24_\routine, st.d $t3, $a0, 24
    axptr_access \routine, \store, .Lstored32_\routine, st.d $t4, $a0, 32
    axptr_access \routine, \store, .Lstored40_\routine, st.d $t5, $a0, 40
    axptr_access \routine, \store, .Lstored48_\routine, st.d $t6, $a0, 48
    axptr_access \routine, \store, .Lstored56_\routine, st.d $t7, $a0, 56
    addi.d  $a2, $a2, -64
    addi.d  $a3, $a3, 64
    addi.d  $a0, $a0, 64
    bgeu    $a2, $t8, .Lblock_\routine
.Lunder64_\routine:
    ori     $t8, $zero, 8
    bltu    $a2, $t8, .Ltail_\routine
.Lword_\routine:
    axptr_move \routine, \load, \store, .Lload8_\routine, .Lstored0_\routine, 8, ld.d, st.d
    bgeu    $a2, $t8, .Lword_\routine

    // Fewer bytes than the next power of two up to which the destination is aligned.
.Ltail_\routine:
    andi    $t0, $a2, 4
    beqz    $t0, .Ltail2_\routine
    axptr_move \routine, \load, \store, .Lload8_\routine, .Lstored0_\routine, 4, ld.wu, st.w
.Ltail2_\routine:
    andi    $t0, $a2, 2
    beqz    $t0, .Ltail1_\routine
    axptr_move \routine, \load, \store, .Lload8_\routine, .Lstored0_\routine, 2, ld.hu, st.h
.Ltail1_\routine:
    beqz    $a2, .Lrest_\routine
    axptr_move \routine, \load, \store, .Lrest_\routine, .Lrest_\routine, 1, ld.bu, st.b

    // The one way out. A landing comes here as well: a2 bytes are left, exactly.
.Lrest_\routine:
    move    $a0, $a2
    ret

.Lask_\routine:
    axptr_ask_cpu $t0, $t1, $t2, $t3
    b       .Lknown_\routine

    // The sides differ modulo 8 and only aligned accesses are allowed. a4 is where `.Lbytes` stops.
.Lshifted_\routine:
    move    $a4, $zero
    ori     $t0, $zero, 16
    bltu    $a2, $t0, .Lvalue_\routine
.Lshift_head_\routine:
    andi    $t0, $a0, 7
    beqz    $t0, .Lcarry_\routine
    axptr_move \routine, \load, \store, .Lrest_\routine, .Lrest_\routine, 1, ld.bu, st.b
    b       .Lshift_head_\routine

    // t4 takes the bytes between a3 and the source's next aligned word, t3 goes to that word. The loads are
    // aligned and none reaches back before a3.
.Lcarry_\routine:
    slli.d  $t5, $a3, 3                 // shifts use the low six bits: 8 * (a3 % 8)
    sub.d   $t6, $zero, $t5
    move    $t3, $a3
    move    $t4, $zero
    move    $t2, $zero                  // bits in t4
    andi    $t0, $t3, 1
    beqz    $t0, .Lcarry2_\routine
    axptr_access \routine, \load, .Lload_\routine, ld.bu $t4, $t3, 0
    addi.d  $t3, $t3, 1
    ori     $t2, $zero, 8
.Lcarry2_\routine:
    andi    $t0, $t3, 2
    beqz    $t0, .Lcarry4_\routine
    axptr_access \routine, \load, .Lload_\routine, ld.hu $t0, $t3, 0
    sll.d   $t0, $t0, $t2
    or      $t4, $t4, $t0
    addi.d  $t3, $t3, 2
    addi.d  $t2, $t2, 16
.Lcarry4_\routine:
    andi    $t0, $t3, 4
    beqz    $t0, .Lcarried_\routine
    axptr_access \routine, \load, .Lload_\routine, ld.wu $t0, $t3, 0
    sll.d   $t0, $t0, $t2
    or      $t4, $t4, $t0
    addi.d  $t3, $t3, 4

    // t2: bytes of the range from t3 on.
.Lcarried_\routine:
    sub.d   $t2, $t3, $a3
    sub.d   $t2, $a2, $t2
    ori     $t8, $zero, 32
    bltu    $t2, $t8, .Lunder32_\routine
    .balign 16
.Lshift_block_\routine:
    axptr_access \routine, \load, .Lload_\routine, ld.d $t0, $t3, 0
    axptr_access \routine, \load, .Lload_\routine, ld.d $t1, $t3, 8
    sll.d   $t7, $t0, $t6
    or      $t4, $t4, $t7
    axptr_access \routine, \store, .Lstored0_\routine, st.d $t4, $a0, 0
    srl.d   $t0, $t0, $t5
    sll.d   $t7, $t1, $t6
    or      $t0, $t0, $t7
    axptr_access \routine, \store, .Lstored8_\routine, st.d $t0, $a0, 8
    srl.d   $t4, $t1, $t5
    axptr_access \routine, \load, .Lload_behind16_\routine, ld.d $t0, $t3, 16
    axptr_access \routine, \load, .Lload_behind16_\routine, ld.d $t1, $t3, 24
    sll.d   $t7, $t0, $t6
    or      $t4, $t4, $t7
    axptr_access \routine, \store, .Lstored16_\routine, st.d $t4, $a0, 16
    srl.d   $t0, $t0, $t5
    sll.d   $t7, $t1, $t6
    or      $t0, $t0, $t7
    axptr_access \routine, \store, .Lstored24_\routine, st.d $t0, $a0, 24
    srl.d   $t4, $t1, $t5
    addi.d  $a2, $a2, -32
    addi.d  $t2, $t2, -32
    addi.d  $t3, $t3, 32
    addi.d  $a3, $a3, 32
    addi.d  $a0, $a0, 32
    bgeu    $t2, $t8, .Lshift_block_\routine
.Lunder32_\routine:
    ori     $t8, $zero, 8
    bltu    $t2, $t8, .Lbytes_\routine
.Lshift_word_\routine:
    axptr_access \routine, \load, .Lload_\routine, ld.d $t0, $t3, 0
    sll.d   $t7, $t0, $t6
    or      $t4, $t4, $t7
    axptr_access \routine, \store, .Lstored0_\routine, st.d $t4, $a0, 0
    srl.d   $t4, $t0, $t5
    addi.d  $a2, $a2, -8
    addi.d  $t2, $t2, -8
    addi.d  $t3, $t3, 8
    addi.d  $a3, $a3, 8
    addi.d  $a0, $a0, 8
    bgeu    $t2, $t8, .Lshift_word_\routine

    // One by one until a4 bytes are left.
.Lbytes_\routine:
    beq     $a2, $a4, .Lrest_\routine
    axptr_move \routine, \load, \store, .Lrest_\routine, .Lrest_\routine, 1, ld.bu, st.b
    b       .Lbytes_\routine

    // Few bytes between sides that differ modulo 8, by aligned accesses only. Those of a value that is aligned
    // on the user's side (on both, if both are the user's) are one access there.
.Lvalue_\routine:
    addi.d  $t2, $a2, -1
    .if \load
    or      $t3, $a2, $a3
    .else
    or      $t3, $a2, $a0
    .endif
    .if (\load) && (\store)
    or      $t3, $t3, $a0
    .endif
    and     $t3, $t3, $t2
    bnez    $t3, .Lbytes_\routine       // no power of two, or not aligned to it
    .if !(\load)
    // Gathered from the last byte on: the first is to be the lowest.
    add.d   $t2, $a3, $a2
    move    $t0, $zero
2:  addi.d  $t2, $t2, -1
    ld.bu   $t1, $t2, 0
    slli.d  $t0, $t0, 8
    or      $t0, $t0, $t1
    bne     $t2, $a3, 2b
    .endif
    .if !((\load) && (\store))          // two sides of 8 that differ modulo 8 are not both aligned
    andi    $t2, $a2, 8
    bnez    $t2, .Lvalue8_\routine
    .endif
    andi    $t2, $a2, 4
    bnez    $t2, .Lvalue4_\routine
    andi    $t2, $a2, 2
    beqz    $t2, .Lbytes_\routine
    axptr_value \routine, \load, \store, ld.hu, st.h
.Lvalue4_\routine:
    axptr_value \routine, \load, \store, ld.wu, st.w
    .if !((\load) && (\store))
.Lvalue8_\routine:
    axptr_value \routine, \load, \store, ld.d, st.d
    .endif
    .if !(\store)
.Lspread_\routine:
    st.b    $t0, $a0, 0
    srli.d  $t0, $t0, 8
    addi.d  $a0, $a0, 1
    addi.d  $a2, $a2, -1
    bnez    $a2, .Lspread_\routine
    b       .Lrest_\routine

    // As above, where both sides may be unaligned: the kernel's too.
.Lunaligned_value_\routine:
    andi    $t0, $a2, 8
    bnez    $t0, .Lunaligned8_\routine
    ori     $t0, $zero, 4
    beq     $a2, $t0, .Lunaligned4_\routine
    ori     $t0, $zero, 2
    bne     $a2, $t0, .Lhead_\routine
    axptr_unaligned_value \routine, \load, ld.hu, st.h
.Lunaligned4_\routine:
    axptr_unaligned_value \routine, \load, ld.wu, st.w
.Lunaligned8_\routine:
    axptr_unaligned_value \routine, \load, ld.d, st.d
    .endif

    // Landings: what of the piece has been stored is behind the rest's start first.
    .if \store
    axptr_stored_landings \routine
.Lstored_\routine:
    sub.d   $a2, $a2, $t0
    add.d   $a3, $a3, $t0
    add.d   $a0, $a0, $t0
.Lstored0_\routine:
    move    $a4, $zero
    andi    $t0, $a1, AXPTR_SUB_PAGE
    beqz    $t0, .Lrest_\routine
    b       .Lbytes_\routine
    .endif

    // t1: how far behind the rest's start the load could reach.
    .if \load
.Lload8_\routine:
    ori     $t1, $zero, 8
    b       .Lup_to_edge_\routine
.Lload_behind16_\routine:
    addi.d  $a2, $a2, -16
    addi.d  $a3, $a3, 16
    addi.d  $a0, $a0, 16
.Lload_\routine:
    ori     $t1, $zero, AXPTR_REACH
.Lup_to_edge_\routine:
    move    $a4, $zero
    andi    $t0, $a1, AXPTR_SUB_PAGE
    bnez    $t0, .Lbytes_\routine       // not a page's cause
    sub.d   $t0, $zero, $a3
    bstrpick.d $t0, $t0, 11, 0          // bytes before the edge; 0 if the page begins here
    beqz    $t0, .Lrest_\routine
    bgeu    $t0, $t1, .Lrest_\routine
    bgeu    $t0, $a2, .Lrest_\routine
    sub.d   $a4, $a2, $t0
    b       .Lbytes_\routine
    .endif
axptr_end \routine
.endm

// Moves `size` bytes and then goes on behind them.
.macro axptr_move routine, load, store, load_landing, store_landing, size, ld, st
    axptr_access \routine, \load, \load_landing, \ld $t0, $a3, 0
    axptr_access \routine, \store, \store_landing, \st $t0, $a0, 0
    addi.d  $a2, $a2, -\size
    addi.d  $a3, $a3, \size
    addi.d  $a0, $a0, \size
.endm

// The user's accesses to a value. What is the kernel's of it has been gathered into t0, or is spread from
// there behind the last of these. No byte has been done before.
.macro axptr_value routine, load, store, ld, st
    .if \load
    axptr_access \routine, \load, .Lload8_\routine, \ld $t0, $a3, 0
    .endif
    .if \store
    axptr_access \routine, \store, .Lstored0_\routine, \st $t0, $a0, 0
    move    $a2, $zero
    b       .Lrest_\routine
    .else
    b       .Lspread_\routine
    .endif
.endm

// A value to kernel memory of any alignment.
.macro axptr_unaligned_value routine, load, ld, st
    axptr_access \routine, \load, .Lload8_\routine, \ld $t0, $a3, 0
    \st     $t0, $a0, 0
    move    $a2, $zero
    b       .Lrest_\routine
.endm

// Fills {cpu}, at `where`, and `known` with the same. Several CPUs may do it at once: they store the same
// value.
.macro axptr_ask_cpu known, where, mask, scratch
    ori     \known, $zero, 1
    cpucfg  \known, \known
    bstrpick.d \known, \known, 20, 20
    .if AXPTR_KERNEL
    // MISC.ALCL0 makes the CPU refuse, at PLV0, what it could do (vol. 1, chapter 7, MISC).
    csrrd   \mask, 3
    bstrpick.d \mask, \mask, 12, 12
    andn    \known, \known, \mask
    .endif
    ori     \scratch, $zero, AXPTR_CPU_UAL
    maskeqz \known, \scratch, \known
    ori     \known, \known, AXPTR_CPU_KNOWN
    st.b    \known, \where, 0
.endm

axptr_define_copy copy_from_user, AXPTR_R, 0
axptr_define_copy copy_to_user, 0, AXPTR_W
axptr_define_copy copy_in_user, AXPTR_R, AXPTR_W

// The same once more for contexts in which the pager must not run: the pc alone tells the two apart.
.set AXPTR_RN, AXPTR_R | AXPTR_NOFAULT
.set AXPTR_WN, AXPTR_W | AXPTR_NOFAULT
axptr_define_copy copy_from_user_nofault, AXPTR_RN, 0
axptr_define_copy copy_to_user_nofault, 0, AXPTR_WN
axptr_define_copy copy_in_user_nofault, AXPTR_RN, AXPTR_WN
