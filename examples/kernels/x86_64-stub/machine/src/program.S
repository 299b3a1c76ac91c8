// SPDX-License-Identifier: MIT OR Apache-2.0
// The program: goes through the checks below.
        .set    STRINGS, {USER} + 0x2000        // read-only, and a hole behind it
        .set    DATA, {USER} + 0x4000
        .set    LAZY, {USER} + 0x5000           // six pages that come when they are touched
        .set    HOLE, {USER} + 0xb000
        .set    LINK, 0x752f006b6e696c2f        // how STRINGS begins
        .set    OP, 0x10007000                  // FUTEX_WAKE_OP's: add 7

// A system call, what it must return, and eight bytes that must be somewhere afterwards.
        .macro  check name, call, a, b, c, result, at=STRINGS, holds=LINK, e=0, f=0
        .quad   \call, \a, \b, \c, \e, \f, \result, \at, \holds, 9f - 8f
8:      .ascii  "case \name ... "
9:      .balign 128
        .endm

        .section .program, "awx"
        .global program
        .balign 4096
program:
        lea     rsp, [rip + program + 0x4800]   // in DATA
        push    0                               // the counts
        push    0
        pushfq
        or      dword ptr [rsp], 1 << 18 | 1 << 10  // AC and DF: no business of the kernel's
        popfq
        mov     qword ptr [rip + program + 0x9000], 7
        lea     rbx, [rip + checks]
next:   mov     rax, [rbx]
        mov     rdi, [rbx + 8]
        mov     rsi, [rbx + 16]
        mov     rdx, [rbx + 24]
        mov     r8, [rbx + 32]
        mov     r9, [rbx + 40]
        syscall
        xor     ebp, ebp                        // failed
        cmp     rax, [rbx + 48]
        setne   bpl
        mov     rax, [rbx + 56]
        mov     rax, [rax]
        cmp     rax, [rbx + 64]
        setne   al
        or      bpl, al
        inc     qword ptr [rsp + rbp * 8]       // the counts
        lea     rsi, [rbx + 80]
        mov     rdx, [rbx + 72]
        call    print
        lea     rsi, [rip + verdicts]
        lea     rsi, [rsi + rbp * 8]
        lea     rdx, [rbp * 4 + 3]
        call    print
        add     rbx, 128
        cmp     dword ptr [rbx + 72], 0
        jne     next
        pop     rdi
        pop     rsi
        mov     eax, 1000
        syscall
        mov     al, [rip + program + 0xb000]    // in HOLE: the kernel ends the program

print:  mov     edi, 1
        mov     eax, 1
        syscall
        ret
verdicts:
        .ascii  "ok\n.....FAILED\n"

        .balign 128
checks: check   read_good, 0, 3, DATA, 16, 16, DATA + 8, 0x6665646362613938
        check   read_across_lazy, 0, 3, LAZY - 8, 16, 16, LAZY, 0x6665646362613938
        check   read_lazy, 0, 3, LAZY + 0x1000, 16, 16, LAZY + 0x1000, 0x3736353433323130
        check   read_edge, 0, 3, HOLE - 5, 16, 5, HOLE - 8, 0x3433323130000000
        check   read_hole, 0, 3, HOLE, 16, -14
        check   read_readonly, 0, 3, STRINGS, 16, -14
        check   read_kernel, 0, 3, KERNEL + 0x100000, 16, -14
        check   read_noncanonical, 0, 3, 1 << 63, 16, -14
        check   read_wrapping, 0, 3, -8, 16, -14
        check   write_good, 1, 3, STRINGS, 16, 16
        check   write_good_arrived, 0, 3, DATA, 16, 16, DATA, LINK
        check   write_lazy, 1, 3, LAZY + 0x2000, 16, 16
        check   write_lazy_arrived, 0, 3, DATA, 16, 16, DATA + 8, 0
        check   write_edge, 1, 3, HOLE - 5, 16, 5
        check   write_edge_arrived, 0, 3, DATA, 16, 16, DATA, 0x3433323130
        check   write_hole, 1, 3, HOLE, 16, -14
        check   readlink_good, 89, STRINGS, DATA, 64, 8, DATA, 0x7465677261742f2e
        check   readlink_hole, 89, HOLE, DATA, 64, -14
        check   readlink_runs_into_hole, 89, STRINGS + 0xffa, DATA, 64, -14
        check   readlink_endless, 89, STRINGS + 0x800, DATA, 64, -36
        check   readlink_answer_hole, 89, STRINGS, HOLE, 64, -14
        check   readlink_unknown, 89, STRINGS + 6, DATA, 64, -2
        check   futex_wake, 202, DATA, 1, 1, 0
        check   futex_wake_op_good, 202, DATA, 5, 1, 0, DATA + 64, 7, DATA + 64, OP
        check   futex_wake_op_lazy, 202, DATA, 5, 1, 0, LAZY + 0x3000, 7, LAZY + 0x3000, OP
        check   futex_wake_op_hole, 202, DATA, 5, 1, -14, e=HOLE, f=OP
        check   futex_wake_op_kernel, 202, DATA, 5, 1, -14, e=KERNEL + 0x100000, f=OP
        check   futex_wake_op_misaligned, 202, DATA, 5, 1, -22, e=DATA + 1, f=OP
        check   futex_wait_changed, 202, DATA, 0, 5, -11
        check   touch_lazy, 1, 3, DATA, 0, 0, LAZY + 0x4000, 7

        .org    program + 0x2000                // STRINGS
        .asciz  "/link"
        .asciz  "/unknown"
        .org    program + 0x2800
        .fill   256, 1, 'a'
        .org    program + 0x2ffa
        .ascii  "/a/b/c"
        .org    program + 0x5000
