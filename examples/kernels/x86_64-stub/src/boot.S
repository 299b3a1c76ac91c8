// SPDX-License-Identifier: MIT OR Apache-2.0
// From the boot loader to `main`. By the note the loader is told where to enter, in 32-bit mode without paging.
        .set    KERNEL, {KERNEL}                                // there physical memory begins
        .section .note.pvh, "a", @note
        .long   4, 8, 18
        .asciz  "Xen"
        .quad   start - KERNEL

// It begins with the TSS, whose descriptor is a constant so: the stack for traps from user mode.
        .section .boot, "awx"
        .long   0
        .quad   trap_stack + 0x8000
        .fill   23, 4
gdt:    .quad   0, 0xaf9b000000ffff, 0xcf93000000ffff           // kernel code, kernel data
        .quad   0xcff3000000ffff, 0xaffb000000ffff              // user data, user code
        .quad   0x8000891000000067, 0xffffffff                  // the TSS
gdtr:   .word   55
        .quad   gdt

        .balign 4096
root:   .quad   upper - KERNEL + 3                              // replaced by the program's tables
        .fill   510, 8
        .quad   upper - KERNEL + 3
upper:  .quad   lower - KERNEL + 3, 0, lower - KERNEL + 3       // the latter for `gdtr` in 32-bit mode
        .fill   507, 8
        .quad   lower - KERNEL + 3, 0
lower:  .quad   0x83, 0x200083                                  // 4 MiB
        .fill   510, 8
user3:  .quad   user2 - KERNEL + 7
        .fill   511, 8
user2:  .quad   0, 0, table - KERNEL + 7
        .fill   509, 8
        .set    NX, 1 << 63
        .global table
table:  .quad   program - KERNEL + 5, program - KERNEL + 0x1005 // code
        .quad   program - KERNEL + 0x2005 + NX, 0               // constants, a hole
        .quad   program - KERNEL + 0x4007 + NX                  // data
        .fill   507, 8

        .code32
start:  mov     eax, offset root - KERNEL
        mov     cr3, eax
        mov     eax, 1 << 5                                     // PAE
        mov     cr4, eax
        mov     ecx, 0xc0000080                                 // EFER: long mode, NX, `syscall`
        xor     edx, edx
        mov     eax, 0x901
        wrmsr
        mov     eax, 0x80010001                                 // paging, write protection, protected mode
        mov     cr0, eax
        lgdt    [gdtr - KERNEL]
        ljmp    8, offset long_mode - KERNEL
        .code64
long_mode:
        movabs  rax, offset higher
        jmp     rax
higher: lgdt    [rip + gdtr]
        mov     dword ptr [rip + root], offset user3 - KERNEL + 7
        mov     rax, cr3
        mov     cr3, rax
        mov     eax, 5 * 8
        ltr     ax
        lea     rsp, [rip + boot_stack + 0x8000]
        call    {main}

        .comm   boot_stack, 0x8000, 16
        .comm   trap_stack, 0x8000, 16
