// SPDX-License-Identifier: MIT OR Apache-2.0
// The program. Each check is a system call, what it must return, and a word that must be in memory afterwards.
.equ STRINGS, {PROGRAM} + 0x2000    // read-only, and a hole behind it
.equ HOLE, {PROGRAM} + 0x3000
.equ DATA, {PROGRAM} + 0x4000       // a hole behind it
.equ LAZY, {PROGRAM} + 0x7000       // more data in front of it
.equ OP, 0x10007000                 // add 7

.macro check name, call, a0, a1, a2, result, at=STRINGS, holds=1, a3=0, a4=0, a5=0
    .quad   \a0, \a1, \a2, \a3, \a4, \a5, \call, \result, \at, \holds, 8f - 7f
7:  .ascii  "case \name ... "
8:  .balign 128
.endm

.section .user, "awx"
.balign 4096
.global program
program:                            // x20: failed, x21: all; 0 at first
    adr     x19, checks
    mov     x1, 7
    ldr     x0, =LAZY + 0x4000
    str     x1, [x0]                // for touch_lazy
1:  ldp     x0, x1, [x19]
    ldp     x2, x3, [x19, 16]
    ldp     x4, x5, [x19, 32]
    ldp     x8, x9, [x19, 48]
    svc     0
    ldp     x10, x11, [x19, 64]
    ldr     x10, [x10]
    cmp     x0, x9
    ccmp    x10, x11, 0, eq
    cset    x22, ne                 // 1: failed
    add     x1, x19, 88
    ldr     x2, [x19, 80]
    bl      print
    adr     x1, ok
    mov     x2, 3
    cbz     x22, 2f
    adr     x1, failed
    mov     x2, 7
2:  bl      print
    add     x20, x20, x22
    add     x21, x21, 1
    add     x19, x19, 128
    adr     x0, end
    cmp     x19, x0
    bne     1b
    sub     x0, x21, x20
    mov     x1, x20
    mov     x8, 500
    svc     0
    ldr     x0, =HOLE
    str     x0, [x0]                // the kernel ends the program here
print:
    mov     x0, 1
    mov     x8, 64
    svc     0
    ret
.ltorg
ok: .ascii  "ok\n"
failed:
    .ascii  "FAILED\n"

.balign 128
checks:                             // 63: read, 64: write, 78: readlinkat, 98: futex
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
    check   read_noncanonical, 63, 3, 1 << 52, 16, -14
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

.org program + 0x2000               // STRINGS
    .quad   1, 2, 3, 4, 5, 6, 7, 8
    .asciz  "/proc/self/exe"
.org program + 0x2000 + 128
    .fill   128, 1, '/'
.org program + 0x3000 - 8
    .ascii  "/no/end/"
.org program + 12 * 4096
