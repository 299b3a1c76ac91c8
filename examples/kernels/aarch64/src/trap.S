// SPDX-License-Identifier: MIT OR Apache-2.0
.macro  each op
    .irp    n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30
    \op     x\n, [sp, 8 * \n]
    .endr
.endm

.text
.balign 0x800
.global vectors
vectors:                            // interrupts are masked all the time
    .rept   16
    .balign 0x80
    b       trap
    .endr
trap:
    sub     sp, sp, 34 * 8
    each    str
    mrs     x0, elr_el1
    mrs     x1, spsr_el1            // with PAN as it was
    stp     x0, x1, [sp, 8 * 31]
    mov     x0, sp
    bl      {handler}
    dsb     ishst                   // the pager may have changed the page table
    mov     x0, sp

.global restore
restore:                            // x0: the frame, with the rest of the stack above it
    mov     sp, x0
    ldp     x0, x1, [sp, 8 * 31]
    msr     elr_el1, x0
    msr     spsr_el1, x1
    each    ldr
    add     sp, sp, 34 * 8
    eret
