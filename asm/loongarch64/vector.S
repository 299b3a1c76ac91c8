// SPDX-License-Identifier: MIT OR Apache-2.0
// The vector in front of the kernel's own: one entry for all exceptions and interrupts (ECFG.VS = 0; Reference Manual
// vol. 1, chapter 6). TLB refills have an entry of their own and never come here.
//
// An exception from user mode, one that is no fault of a data access, and one that is not decided here go to the former
// entry. That entry gets all registers as the CPU left them. The vector uses SAVE7 only until one register is free.
//
// Calls {on_fault}(a0 frame) -> a0: 1 to resume the frame, 0 to pass it on.
// {former}: address of the former entry.

.set AXPTR_PRMD, 0x1
.set AXPTR_ESTAT, 0x5
.set AXPTR_ERA, 0x6
.set AXPTR_BADV, 0x7
.set AXPTR_SAVE7, 0x37
.set AXPTR_TLBRERA, 0x8a
.set AXPTR_TLBRPRMD, 0x8f

// The size of the frame that `Frame` describes, in bytes. The stack stays 16-aligned.
.set AXPTR_FRAME, {frame_size}

.macro axptr_vector_restore
    ld.d    $ra, $sp, 32
    ld.d    $a0, $sp, 40
    ld.d    $a1, $sp, 48
    ld.d    $a2, $sp, 56
    ld.d    $a3, $sp, 64
    ld.d    $a4, $sp, 72
    ld.d    $a5, $sp, 80
    ld.d    $a6, $sp, 88
    ld.d    $a7, $sp, 96
    ld.d    $t1, $sp, 112
    ld.d    $t2, $sp, 120
    ld.d    $t3, $sp, 128
    ld.d    $t4, $sp, 136
    ld.d    $t5, $sp, 144
    ld.d    $t6, $sp, 152
    ld.d    $t7, $sp, 160
    ld.d    $t8, $sp, 168
    ld.d    $t0, $sp, 104
    addi.d  $sp, $sp, AXPTR_FRAME
.endm

// EENTRY has no low 12 bits. And no page boundary may divide the code below.
.pushsection .text.axptr_vector, "ax", @progbits
.balign 4096
.global __axptr_vector
.type __axptr_vector, @function
__axptr_vector:
    csrwr   $t0, AXPTR_SAVE7
    csrrd   $t0, AXPTR_PRMD
    andi    $t0, $t0, 3
    bnez    $t0, .Laxptr_pass_on        // from user mode
    csrrd   $t0, AXPTR_ESTAT
    bstrpick.d $t0, $t0, 21, 16         // Ecode: 1 (PIL) to 9 (ALE) concern addresses
    addi.d  $t0, $t0, -1
    sltui   $t0, $t0, 9
    beqz    $t0, .Laxptr_pass_on

    // A fault in kernel mode: the stack is the kernel's, and nothing is stored below sp.
    addi.d  $sp, $sp, -AXPTR_FRAME
    st.d    $ra, $sp, 32
    st.d    $a0, $sp, 40
    st.d    $a1, $sp, 48
    st.d    $a2, $sp, 56
    st.d    $a3, $sp, 64
    st.d    $a4, $sp, 72
    st.d    $a5, $sp, 80
    st.d    $a6, $sp, 88
    st.d    $a7, $sp, 96
    csrrd   $t0, AXPTR_SAVE7
    st.d    $t0, $sp, 104
    st.d    $t1, $sp, 112
    st.d    $t2, $sp, 120
    st.d    $t3, $sp, 128
    st.d    $t4, $sp, 136
    st.d    $t5, $sp, 144
    st.d    $t6, $sp, 152
    st.d    $t7, $sp, 160
    st.d    $t8, $sp, 168
    csrrd   $t0, AXPTR_BADV             // before anything can fault again
    csrrd   $t1, AXPTR_ESTAT
    csrrd   $t2, AXPTR_ERA
    csrrd   $t3, AXPTR_PRMD
    st.d    $t0, $sp, 0
    st.d    $t1, $sp, 8
    st.d    $t2, $sp, 16
    st.d    $t3, $sp, 24
    move    $a0, $sp
    bl      {on_fault}
    andi    $t0, $a0, 0xff
    beqz    $t0, .Laxptr_not_ours
    ld.d    $t1, $sp, 16
    ld.d    $t2, $sp, 24
    csrwr   $t1, AXPTR_ERA
    csrwr   $t2, AXPTR_PRMD
    axptr_vector_restore
    ertn

    // Nothing has faulted since. So ERA, PRMD, ESTAT and BADV still describe this exception.
.Laxptr_not_ours:
    axptr_vector_restore
    csrwr   $t0, AXPTR_SAVE7

    // A jump that changes no general register: the return of a TLB refill that did not happen. If TLBRERA.IsTLBR is
    // set, ERTN goes to TLBRERA, with the level and the interrupt state of TLBRPRMD. ERA and PRMD stay (vol. 1, chapter
    // 7, TLBRERA). Interrupts are off, and this page is in the TLB. A true refill may still come in between, for
    // example if a hypervisor emptied the TLB. Then it uses up the mark, and the ERTN below returns to the interrupted
    // instruction. That raises the same exception again.
.Laxptr_pass_on:
    la.pcrel $t0, {former}
    ld.d    $t0, $t0, 0
    ori     $t0, $t0, 1                 // IsTLBR
    csrwr   $zero, AXPTR_TLBRPRMD
    csrwr   $t0, AXPTR_TLBRERA
    csrrd   $t0, AXPTR_SAVE7
    ertn
.size __axptr_vector, . - __axptr_vector
.popsection
