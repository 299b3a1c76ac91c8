// SPDX-License-Identifier: MIT OR Apache-2.0
// Copies between two ranges of which one, or both, may fault. One text; an instance per direction, and again
// for each without the pager.
//
// __axptr_copy_*(a0 dst, a1 src, a2 len) -> a0 bytes NOT copied, a1 cause
// Clobbers a2-a4 and t0-t8.
//
// First up to three stores align the destination to 8 bytes, then blocks of 64 bytes and words, then up to
// three stores finish. So every store is naturally aligned and none can straddle a page and leave a part of
// itself behind. An aligned single value of 1, 2, 4 or 8 bytes is one load and one store. Loads follow the
// destination's alignment: unaligned where the CPU has UAL (CPUCFG word 1 bit 20; Reference Manual vol. 1,
// chapter 2). Where it has not, and the two sides differ modulo 8, aligned words are shifted into place, each
// of them wholly inside the range.
//
// How a fault becomes an exact count. A faulting instruction changes nothing, and accessible memory ends at a
// multiple of 4 KiB, whatever the page size. a0, a2 and a3 move on behind the stores they describe, so at a
// landing they describe the rest, of which some bytes may have been stored already: they are stored again,
// the same. Let `edge` be the first such multiple behind the rest's start on the side that faulted:
//   - the edge lies behind the rest, or out of the faulting access's reach: no byte more can be done;
//   - else the bytes up to the edge are done one by one.
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
    axptr_move \routine, \load, \store, .Lload8_\routine, .Lstore8_\routine, 2, ld.hu, st.h
.Lhead4_\routine:
    ori     $t1, $zero, 4
    bltu    $a2, $t1, .Ltail_\routine
    andi    $t0, $a0, 4
    beqz    $t0, .Laligned_\routine
    axptr_move \routine, \load, \store, .Lload8_\routine, .Lstore8_\routine, 4, ld.wu, st.w

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
    axptr_access \routine, \store, .Lstore_\routine, st.d $t0, $a0, 0
    axptr_access \routine, \store, .Lstore_\routine, st.d $t1, $a0, 8
    axptr_access \routine, \store, .Lstore_\routine, st.d $t2, $a0, 16
    axptr_access \routine, \store, .Lstore_\routine, st.d $t3, $a0, 24
    axptr_access \routine, \store, .Lstore_\routine, st.d $t4, $a0, 32
    axptr_access \routine, \store, .Lstore_\routine, st.d $t5, $a0, 40
    axptr_access \routine, \store, .Lstore_\routine, st.d $t6, $a0, 48
    axptr_access \routine, \store, .Lstore_\routine, st.d $t7, $a0, 56
    addi.d  $a2, $a2, -64
    addi.d  $a3, $a3, 64
    addi.d  $a0, $a0, 64
    bgeu    $a2, $t8, .Lblock_\routine
.Lunder64_\routine:
    ori     $t8, $zero, 8
    bltu    $a2, $t8, .Ltail_\routine
.Lword_\routine:
    axptr_move \routine, \load, \store, .Lload8_\routine, .Lstore8_\routine, 8, ld.d, st.d
    bgeu    $a2, $t8, .Lword_\routine

    // Fewer bytes than the next power of two up to which the destination is aligned.
.Ltail_\routine:
    andi    $t0, $a2, 4
    beqz    $t0, .Ltail2_\routine
    axptr_move \routine, \load, \store, .Lload8_\routine, .Lstore8_\routine, 4, ld.wu, st.w
.Ltail2_\routine:
    andi    $t0, $a2, 2
    beqz    $t0, .Ltail1_\routine
    axptr_move \routine, \load, \store, .Lload8_\routine, .Lstore8_\routine, 2, ld.hu, st.h
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
    bltu    $a2, $t0, .Lbytes_\routine
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
    axptr_access \routine, \store, .Lstore_\routine, st.d $t4, $a0, 0
    srl.d   $t0, $t0, $t5
    sll.d   $t7, $t1, $t6
    or      $t0, $t0, $t7
    axptr_access \routine, \store, .Lstore_\routine, st.d $t0, $a0, 8
    srl.d   $t4, $t1, $t5
    axptr_access \routine, \load, .Lload_\routine, ld.d $t0, $t3, 16
    axptr_access \routine, \load, .Lload_\routine, ld.d $t1, $t3, 24
    sll.d   $t7, $t0, $t6
    or      $t4, $t4, $t7
    axptr_access \routine, \store, .Lstore_\routine, st.d $t4, $a0, 16
    srl.d   $t0, $t0, $t5
    sll.d   $t7, $t1, $t6
    or      $t0, $t0, $t7
    axptr_access \routine, \store, .Lstore_\routine, st.d $t0, $a0, 24
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
    axptr_access \routine, \store, .Lstore8_\routine, st.d $t4, $a0, 0
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

    // Landings: who faulted, and how far behind the rest's start it could reach.
    .if \store
.Lstore8_\routine:                      // at the rest's start: aligned, so it did not reach over an edge
    move    $a4, $zero
    andi    $t0, $a1, AXPTR_SUB_PAGE
    beqz    $t0, .Lrest_\routine
    b       .Lbytes_\routine
.Lstore_\routine:
    move    $t0, $a0
    ori     $t1, $zero, AXPTR_REACH
    .endif
    .if (\load) && (\store)
    b       .Lup_to_edge_\routine
    .endif
    .if \load
.Lload8_\routine:
    move    $t0, $a3
    ori     $t1, $zero, 8
    b       .Lup_to_edge_\routine
.Lload_\routine:
    move    $t0, $a3
    ori     $t1, $zero, AXPTR_REACH
    .endif

    // t0: the faulting side's address, t1: the reach.
.Lup_to_edge_\routine:
    move    $a4, $zero
    andi    $t2, $a1, AXPTR_SUB_PAGE
    bnez    $t2, .Lbytes_\routine       // not a page's cause
    sub.d   $t0, $zero, $t0
    bstrpick.d $t0, $t0, 11, 0          // bytes before the edge; 0 if the page begins here
    beqz    $t0, .Lrest_\routine
    bgeu    $t0, $t1, .Lrest_\routine
    bgeu    $t0, $a2, .Lrest_\routine
    sub.d   $a4, $a2, $t0
    b       .Lbytes_\routine
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
