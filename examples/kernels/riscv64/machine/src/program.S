# SPDX-License-Identifier: MIT OR Apache-2.0
# The program. Each check is a system call, what it must return, and a word that must be in memory afterwards.
.equ STRINGS, {PROGRAM} + 0x2000    # read-only, and a hole behind it
.equ HOLE, {PROGRAM} + 0x3000
.equ DATA, {PROGRAM} + 0x4000       # a hole behind it
.equ LAZY, {PROGRAM} + 0x7000       # more data in front of it
.equ OP, 0x10007000                 # add 7

.macro check name, call, a0, a1, a2, result, at=STRINGS, holds=1, a3=0, a4=0, a5=0
    .quad   \a0, \a1, \a2, \a3, \a4, \a5, \call, \result, \at, \holds, 8f - 7f
7:  .ascii  "case \name ... "
8:  .balign 128
.endm

.section .user, "awx"
.option norelax
.balign 4096
.global program
program:                            # s1: failed, s3: all; 0 at first
    lla     s0, checks
    li      t0, LAZY + 0x4000
    li      t1, 7
    sd      t1, 0(t0)               # for touch_lazy
1:  .irp    n, 0,1,2,3,4,5
    ld      a\n, 8 * \n(s0)
    .endr
    ld      a7, 48(s0)
    ecall
    ld      t0, 56(s0)
    sub     s2, a0, t0
    ld      t0, 64(s0)
    ld      t0, 0(t0)
    ld      t1, 72(s0)
    sub     t0, t0, t1
    or      s2, s2, t0              # 0: all is as it must be
    addi    a1, s0, 88
    ld      a2, 80(s0)
    jal     print
    lla     a1, ok
    li      a2, 3
    beqz    s2, 2f
    addi    s1, s1, 1
    lla     a1, failed
    li      a2, 7
2:  jal     print
    addi    s3, s3, 1
    addi    s0, s0, 128
    lla     t0, end
    bne     s0, t0, 1b
    sub     a0, s3, s1
    mv      a1, s1
    li      a7, 500
    ecall
    li      t0, HOLE
    sd      t0, 0(t0)               # the kernel ends the program here
print:
    li      a7, 64
    li      a0, 1
    ecall
    ret
ok: .ascii  "ok\n"
failed:
    .ascii  "FAILED\n"

.balign 128
checks:                             # 63: read, 64: write, 78: readlinkat, 98: futex
    check   write_good, 64, 3, STRINGS, 64, 64
    check   read_good, 63, 3, DATA, 61, 61, DATA + 53, 0x8000000
    check   read_lazy, 63, 3, LAZY, 64, 64, LAZY + 56, 8
    check   read_across_lazy, 63, 3, LAZY + 0xffd, 16, 16, LAZY + 0x1000, 0x20000000000
    check   read_edge, 63, 3, HOLE + 0x1ff3, 64, 13, HOLE + 0x1ff8, 0x2000000
    check   read_up_to_the_limit, 63, 3, LAZY + 0x4ff0, 16, 16, LAZY + 0x4ff8, 2
    check   read_over_the_limit, 63, 3, LAZY + 0x4ff8, 16, -14, LAZY + 0x4ff8, 2
    check   read_hole, 63, 3, HOLE, 16, -14
    check   read_readonly, 63, 3, STRINGS, 16, -14
    check   read_kernel, 63, 3, _start, 16, -14
    check   read_noncanonical, 63, 3, 1 << 56, 16, -14
    check   read_wrapping, 63, 3, -8, 16, -14
    check   write_lazy, 64, 3, LAZY + 0x2000, 64, 64
    check   write_lazy_gave_zeros, 63, 3, DATA, 64, 64, DATA, 0
    check   write_edge, 64, 3, HOLE + 0x1ff8, 64, 8
    check   write_edge_gave_the_byte, 63, 3, DATA, 8, 8, DATA, 0x2000000
    check   write_hole, 64, 3, HOLE, 16, -14
    check   readlink_good, 78, 0, STRINGS + 64, DATA, 12, DATA, 0x6f72702f6e69622f, a3=64
    check   readlink_hole, 78, 0, HOLE, DATA, -14, a3=64
    check   readlink_runs_into_hole, 78, 0, HOLE - 8, DATA, -14, a3=64
    check   readlink_endless, 78, 0, STRINGS + 128, DATA, -36, a3=64
    check   readlink_answer_hole, 78, 0, STRINGS + 64, HOLE, -14, a3=64
    check   readlink_unknown, 78, 0, STRINGS + 69, DATA, -2, a3=64
    check   futex_wake, 98, DATA, 1, 1, 0
    check   futex_wake_op_good, 98, DATA, 5, 1, 0, DATA + 64, 7, a4=DATA + 64, a5=OP
    check   futex_wake_op_lazy, 98, DATA, 5, 1, 0, LAZY + 0x3000, 7, a4=LAZY + 0x3000, a5=OP
    check   futex_wake_op_hole, 98, DATA, 5, 1, -14, a4=HOLE, a5=OP
    check   futex_wake_op_kernel, 98, DATA, 5, 1, -14, a4=_start, a5=OP
    check   futex_wake_op_misaligned, 98, DATA, 5, 1, -22, a4=DATA + 66, a5=OP
    check   futex_wait_changed, 98, DATA + 64, 0, 1, -11
    check   touch_lazy, 98, DATA, 1, 1, 0, LAZY + 0x4000, 7
end:

.org program + 0x2000               # STRINGS
    .quad   1, 2, 3, 4, 5, 6, 7, 8
    .asciz  "/proc/self/exe"
.org program + 0x2000 + 128
    .fill   128, 1, '/'
.org program + 0x3000 - 8
    .ascii  "/no/end/"
.org program + 12 * 4096
