# SPDX-License-Identifier: MIT OR Apache-2.0
.macro each op                      # of the registers, but sp
    .irp n, 1,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    \op     x\n, 8 * \n(sp)
    .endr
.endm

.section .text.boot, "ax"
.global _start
_start:                             # in S-mode, without paging, at the physical address
    la      t0, {root}
    srli    t0, t0, 12
    li      t1, {mode} << 60
    or      t0, t0, t1
    ld      t1, 2f
    csrw    stvec, t1               # if the next instruction is not there any more, this is where it is
    csrw    satp, t0
.balign 4
1:  la      t0, __alltraps
    csrw    stvec, t0
    la      sp, stack + 0x4000 - 34 * 8
    mv      a0, sp
    call    {main}                  # makes the first frame there
    j       __restore
.balign 8
2:  .quad   1b

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
    sfence.vma                      # the pager has changed the page table
__restore:
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
.comm stack, 0x4000, 16
