# SPDX-License-Identifier: MIT OR Apache-2.0
.global KERNEL
.equ KERNEL, {kernel}               # for kernel.ld

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
    la      sp, stack + 0x4000
    call    main
.balign 8
2:  .quad   1b
.comm stack, 0x4000, 16
