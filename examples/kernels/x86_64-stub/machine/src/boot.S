// SPDX-License-Identifier: MIT OR Apache-2.0
// From the boot loader to `enter`. The loader knows how to enter a PVH guest of Xen: in 32-bit mode, without paging.
        .set    KERNEL, {KERNEL}

        .section .note.pvh, "a", @note
        .long   4, 8, 18                        // XEN_ELFNOTE_PHYS32_ENTRY
        .asciz  "Xen"
        .quad   start - KERNEL

        .section .boot, "awx"
        .code32
        .global start
start:  mov     eax, offset root - KERNEL
        mov     cr3, eax
        mov     eax, 1 << 5 | {LA57} << 12      // PAE, LA57
        mov     cr4, eax
        mov     ecx, 0xc0000080                 // EFER: SCE, LME, NXE, which each 64-bit CPU of today has
        mov     eax, 0x901
        xor     edx, edx
        wrmsr
        mov     eax, 0x80010001                 // PG, WP, PE
        mov     cr0, eax
        lgdt    [gdtr - KERNEL]
        ljmp    8, offset long_mode - KERNEL
        .code64
long_mode:
        movabs  rsp, offset boot_stack
        movabs  rax, offset {enter}
        call    rax

gdt:    .quad   0, 0xaf9b000000ffff             // code of 64-bit mode
gdtr:   .word   15
        .quad   gdt - KERNEL

// Maps the first 4 MiB of memory at KERNEL, and at 0 as long as this code runs.
        .balign 4096
        .global root
        .if     {LA57}
root:   .quad   level4 - KERNEL + 3             // present, writable
        .fill   510, 8
        .quad   level4 - KERNEL + 3
        .else
        .set    root, level4
        .endif
level4: .quad   level3 - KERNEL + 3
        .fill   510, 8
        .quad   level3 - KERNEL + 3
level3: .quad   level2 - KERNEL + 3
        .fill   509, 8
        .quad   level2 - KERNEL + 3, 0
level2: .quad   0x83, 0x200083                  // 2 MiB each
        .fill   510, 8

        .bss
        .balign 16
        .skip   0x8000
boot_stack:
        .skip   0x8000
        .global trap_stack
trap_stack:
