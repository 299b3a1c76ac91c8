// SPDX-License-Identifier: MIT OR Apache-2.0
// Copies between two ranges. One or both are user memory, whose accesses may fault. One text gives an instance for each
// direction, and a second instance of each without the pager.
//
// __axptr_copy_*(a0 dst, a1 src, a2 len) -> a0 bytes NOT copied, a1 cause
// Clobbers a2-a4 and t0-t8.
//
// First up to three stores align the destination to 8 bytes. Then come blocks of 64 bytes, and words. Up to three
// stores finish. So every store is naturally aligned: no store can straddle a page and leave a part of itself behind.
// The loads follow the alignment of the destination. They are unaligned if the CPU has UAL (CPUCFG word 1 bit 20;
// Reference Manual vol. 1, chapter 2). If it does not, and the two sides differ modulo 8, aligned words are shifted
// into place. Each of these words lies wholly inside the range. A value of 1, 2, 4 or 8 bytes is one access on the user
// side, if it is aligned there. (If both sides are user memory, it must be aligned on both.) The alignment of the
// kernel side does not matter.
//
// How a fault becomes an exact count. A faulting instruction changes nothing. Each landing first moves a0, a2 and a3
// past the stored bytes. Then they describe the rest, and no byte of it is stored, whatever pages were mapped or
// unmapped since the call began.
//   - A store that faults begins where the rest begins. It is aligned, so no byte of it can be stored, and no byte more
//     can be copied.
//   - A load that faults may come after bytes that can be read. Accessible memory ends at a multiple of 4 KiB, whatever
//     the page size. If such an edge lies inside the rest and in the reach of the access, the bytes up to the edge are
//     copied one by one. If not, the page has no byte to copy.
//
// Causes with bit 7 set (alignment, poison) end anywhere: for them the rest is copied bytewise.

// `load` and `store` are the entry flags of a load and a store. 0 means the kernel side: it has no entry, so a fault
// there stays the kernel bug that it is.
.macro axptr_define_copy routine, load, store
axptr_begin \routine
    move    $a3, $a1
    move    $a1, $zero
    beqz    $a2, .Lrest_\routine
    xor     $t0, $a0, $a3
    andi    $t0, $t0, 7
    beqz    $t0, .Lhead_\routine        // aligned alike, so no access will be unaligned
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

    // Fewer bytes are left than the next power of two to which the destination would be aligned.
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

    // The only exit. A landing also comes here: exactly a2 bytes are left.
.Lrest_\routine:
    move    $a0, $a2
    ret

.Lask_\routine:
    axptr_ask_cpu $t0, $t1, $t2, $t3
    b       .Lknown_\routine

    // The sides differ modulo 8, and only aligned accesses are allowed. `.Lbytes` stops at a4.
.Lshifted_\routine:
    move    $a4, $zero
    ori     $t0, $zero, 16
    bltu    $a2, $t0, .Lvalue_\routine
.Lshift_head_\routine:
    andi    $t0, $a0, 7
    beqz    $t0, .Lcarry_\routine
    axptr_move \routine, \load, \store, .Lrest_\routine, .Lrest_\routine, 1, ld.bu, st.b
    b       .Lshift_head_\routine

    // t4 gets the bytes between a3 and the next aligned word of the source, and t3 moves to that word. The loads are
    // aligned, and none begins below a3.
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

    // t2: the bytes of the range from t3 on.
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

    // Few bytes between sides that differ modulo 8, by aligned accesses only. A value that is aligned on the user side
    // (on both sides, if both are user memory) is one access there.
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
    // Gathers from the last byte on, because the first byte must be the lowest.
    add.d   $t2, $a3, $a2
    move    $t0, $zero
2:  addi.d  $t2, $t2, -1
    ld.bu   $t1, $t2, 0
    slli.d  $t0, $t0, 8
    or      $t0, $t0, $t1
    bne     $t2, $a3, 2b
    .endif
    .if !((\load) && (\store))          // with 8 bytes, two sides that differ modulo 8 are not both aligned
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

    // The same if both sides may be unaligned, also the kernel side.
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

    // Landings: they first move the start of the rest past the bytes of the piece that are stored.
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

    // t1: how far above the start of the rest the load could reach.
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
    bnez    $t0, .Lbytes_\routine       // the cause does not end at a page
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

// Moves `size` bytes, then goes past them.
.macro axptr_move routine, load, store, load_landing, store_landing, size, ld, st
    axptr_access \routine, \load, \load_landing, \ld $t0, $a3, 0
    axptr_access \routine, \store, \store_landing, \st $t0, $a0, 0
    addi.d  $a2, $a2, -\size
    addi.d  $a3, $a3, \size
    addi.d  $a0, $a0, \size
.endm

// The user-side accesses to a value. The kernel-side bytes have been gathered into t0 before, or are spread from t0
// after the last access. No byte was copied before.
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

// Fills {cpu}, at `where`, and `known` with the same value. Several CPUs may do it at once, because they store the same
// value.
.macro axptr_ask_cpu known, where, mask, scratch
    ori     \known, $zero, 1
    cpucfg  \known, \known
    bstrpick.d \known, \known, 20, 20
    .if AXPTR_KERNEL
    // MISC.ALCL0 makes the CPU refuse unaligned accesses at PLV0 that it could do (vol. 1, chapter 7, MISC).
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

// The same text again, for contexts in which the pager must not run: only the pc tells the two instances apart.
.set AXPTR_RN, AXPTR_R | AXPTR_NOFAULT
.set AXPTR_WN, AXPTR_W | AXPTR_NOFAULT
axptr_define_copy copy_from_user_nofault, AXPTR_RN, 0
axptr_define_copy copy_to_user_nofault, 0, AXPTR_WN
axptr_define_copy copy_in_user_nofault, AXPTR_RN, AXPTR_WN
