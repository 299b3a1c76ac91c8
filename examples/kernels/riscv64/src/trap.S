# SPDX-License-Identifier: MIT OR Apache-2.0
.macro each op                      # of the registers, but sp
    .irp n, 1,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    \op     x\n, 8 * \n(sp)
    .endr
.endm

.text
.balign 4
.global __alltraps
__alltraps:                         # sscratch: in user mode the kernel's stack, in the kernel 0
    csrrw   sp, sscratch, sp
    bnez    sp, 1f
    csrr    sp, sscratch
1:  addi    sp, sp, -34 * 8
    each    sd
    csrrw   t0, sscratch, zero
    sd      t0, 8 * 2(sp)
    li      t0, 1 << 18             # SUM: closed now, and again as it was with the frame
    csrrc   t0, sstatus, t0
    sd      t0, 8 * 32(sp)
    csrr    t0, sepc
    sd      t0, 8 * 33(sp)
    mv      a0, sp
    csrr    a1, scause
    csrr    a2, stval
    call    {handler}
    sfence.vma                      # the pager may have changed the page table
    mv      a0, sp

.global __restore
__restore:                          # a0: the frame, with the rest of the stack above it
    mv      sp, a0
    ld      t0, 8 * 33(sp)
    csrw    sepc, t0
    ld      t0, 8 * 32(sp)
    csrw    sstatus, t0
    andi    t0, t0, 1 << 8          # SPP
    bnez    t0, 1f
    addi    t0, sp, 34 * 8
    csrw    sscratch, t0
1:  each    ld
    ld      sp, 8 * 2(sp)
    sret
