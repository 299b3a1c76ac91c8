// SPDX-License-Identifier: MIT OR Apache-2.0
// Fills user memory with one byte.
//
// __axptr_fill_user(rdi dst, sil byte, rdx len) -> rax bytes NOT filled, rdx cause
// Clobbers rcx, rdi, r8-r11 and the flags. DF = 0 per the System V ABI.
//
// The size classes and the landings are those of copy.S, with the destination as the only side. If a store of the tail
// faults, at least some first bytes are stored: as many as the largest power of two below the size.
//
// Those above 16 bytes are in wide_fill.S where vector registers may be used.

.macro axptr_define_fill routine, store
axptr_begin \routine
    mov     rcx, rdx
    xor     edx, edx
    movzx   eax, sil
    movabs  r9, 0x0101010101010101
    imul    rax, r9
    axptr_window_open
    cmp     rcx, 16
    ja      .Lover16_\routine
    cmp     ecx, 8
    jae     .L8to16_\routine
    cmp     ecx, 4
    jae     .L4to7_\routine
    cmp     ecx, 1
    jb      .Ldone_\routine
    ja      .L2to3_\routine
    axptr_access \routine, \store, .Lrest_\routine, mov byte ptr [rdi], al
    jmp     .Ldone_\routine

.L2to3_\routine:
    axptr_access \routine, \store, .Lfirst2_\routine, mov word ptr [rdi], ax
    test    cl, 1
    jz      .Ldone_\routine
    axptr_access \routine, \store, .Lstored2_\routine, mov byte ptr [rdi + 2], al
    jmp     .Ldone_\routine

.L4to7_\routine:
    axptr_access \routine, \store, .Lfirst4_\routine, mov dword ptr [rdi], eax
    je      .Ldone_\routine
    axptr_access \routine, \store, .Lstored4_\routine, mov dword ptr [rdi + rcx - 4], eax
    jmp     .Ldone_\routine

.L8to16_\routine:
    axptr_access \routine, \store, .Lfirst8_\routine, mov qword ptr [rdi], rax
    je      .Ldone_\routine
    axptr_access \routine, \store, .Lstored8_\routine, mov qword ptr [rdi + rcx - 8], rax

    // The only exit. A landing also comes here, with its count in rax.
.Ldone_\routine:
    xor     eax, eax
.Lexit_\routine:
    axptr_window_close
    ret

    .if AXPTR_WIDE
    axptr_wide_fill_classes \routine, \store
    .else
.Lover16_\routine:
    cmp     rcx, 128
    ja      .Lbulk_\routine
    axptr_access \routine, \store, .Lfirst8_\routine, mov qword ptr [rdi], rax
    axptr_access \routine, \store, .Lstored8_\routine, mov qword ptr [rdi + 8], rax
    cmp     ecx, 32
    jbe     .Llast16_\routine
    axptr_access \routine, \store, .Lstored16_\routine, mov qword ptr [rdi + 16], rax
    axptr_access \routine, \store, .Lstored24_\routine, mov qword ptr [rdi + 24], rax
    cmp     ecx, 64
    jbe     .Llast32_\routine
    axptr_access \routine, \store, .Lstored32_\routine, mov qword ptr [rdi + 32], rax
    axptr_access \routine, \store, .Lstored40_\routine, mov qword ptr [rdi + 40], rax
    axptr_access \routine, \store, .Lstored48_\routine, mov qword ptr [rdi + 48], rax
    axptr_access \routine, \store, .Lstored56_\routine, mov qword ptr [rdi + 56], rax
    axptr_access \routine, \store, .Lleft64_\routine, mov qword ptr [rdi + rcx - 64], rax
    axptr_access \routine, \store, .Lleft56_\routine, mov qword ptr [rdi + rcx - 56], rax
    axptr_access \routine, \store, .Lleft48_\routine, mov qword ptr [rdi + rcx - 48], rax
    axptr_access \routine, \store, .Lleft40_\routine, mov qword ptr [rdi + rcx - 40], rax
.Llast32_\routine:
    axptr_access \routine, \store, .Lleft32_\routine, mov qword ptr [rdi + rcx - 32], rax
    axptr_access \routine, \store, .Lleft24_\routine, mov qword ptr [rdi + rcx - 24], rax
.Llast16_\routine:
    axptr_access \routine, \store, .Lleft16_\routine, mov qword ptr [rdi + rcx - 16], rax
    axptr_access \routine, \store, .Lleft8_\routine, mov qword ptr [rdi + rcx - 8], rax
    jmp     .Ldone_\routine

.Lbulk_\routine:
    .if AXPTR_KERNEL == 0
    axptr_know_cpu                      // in a kernel the window has asked
    .endif
    test    byte ptr [rip + {cpu}], AXPTR_CPU_ERMS
    jz      .Lwords_\routine
    .endif
.Lbytes_\routine:
    axptr_access \routine, \store, .Lrest_\routine, rep stosb
.Lrest_\routine:                            // exactly rcx bytes are left
    mov     rax, rcx
    jmp     .Lexit_\routine

    .if AXPTR_WIDE == 0
.Lwords_\routine:
    mov     r9d, ecx
    and     r9d, 7
    shr     rcx, 3
    axptr_access \routine, \store, .Lword_fault_\routine, rep stosq
    mov     ecx, r9d
    test    ecx, ecx
    jz      .Ldone_\routine
    axptr_access \routine, \store, .Lstored0_\routine, mov qword ptr [rdi + rcx - 8], rax
    jmp     .Ldone_\routine
    .endif

    // Landings: see copy.S. The byte to store is still in sil, so al may count from it upwards what is known.
    //   r10d  the number of bytes stored in any case
    .if AXPTR_WIDE
    axptr_wide_fill_landings \routine
    .else
.Lleft64_\routine:
    add     al, 8
.Lleft56_\routine:
    add     al, 8
.Lleft48_\routine:
    add     al, 8
.Lleft40_\routine:
    add     al, 8
.Lleft32_\routine:
    add     al, 8
.Lleft24_\routine:
    add     al, 8
.Lleft16_\routine:
    add     al, 8
.Lleft8_\routine:
    add     al, 8
    sub     al, sil
    lea     r9d, [rcx - 1]
    bsr     r9d, r9d
    xor     r10d, r10d
    bts     r10d, r9d
    neg     al                          // at most 128 bytes are described, so the numbers fit into a signed byte
    add     al, cl
    cmp     al, r10b
    cmovl   eax, r10d
    jmp     1f
.Lstored56_\routine:
    add     al, 8
.Lstored48_\routine:
    add     al, 8
.Lstored40_\routine:
    add     al, 8
.Lstored32_\routine:
    add     al, 8
.Lstored24_\routine:
    add     al, 8
.Lstored16_\routine:
    add     al, 8
    .endif
.Lstored8_\routine:
    add     al, 8
.Lstored0_\routine:
    sub     al, sil
1:
.Lknown_\routine:                       // the first al bytes are stored
    movzx   eax, al
    add     rdi, rax
    sub     rcx, rax
    mov     r10, rcx
    jmp     .Lup_to_edge_\routine
.Lstored2_\routine:
    mov     al, 2
    jmp     1b
.Lstored4_\routine:
    mov     al, 4
    jmp     1b
.Lfirst2_\routine:
    mov     al, 2
    jmp     1f
.Lfirst4_\routine:
    mov     al, 4
    jmp     1f
    .if AXPTR_WIDE == 0
.Lword_fault_\routine:
    lea     rcx, [rcx * 8 + r9]
    .endif
.Lfirst8_\routine:
    mov     al, 8
1:
.Lreach_\routine:                       // nothing is stored; the access reaches up to byte al
    movzx   r10d, al

    // Fills the bytes before the edge, if the edge lies below byte r10 of the rest.
.Lup_to_edge_\routine:
    mov     eax, esi
    test    dl, dl
    js      .Lbytes_\routine            // the cause does not end at a page
    mov     r9d, edi
    neg     r9d
    and     r9d, 4095                   // bytes before the edge; 0 if the page begins here
    cmp     r9, r10
    jae     .Lrest_\routine
    xchg    rcx, r9
    sub     r9, rcx
    axptr_access \routine, \store, .Lbefore_edge_\routine, rep stosb
.Lbefore_edge_\routine:
    lea     rax, [r9 + rcx]
    jmp     .Lexit_\routine
axptr_end \routine
.endm

axptr_define_fill fill_user, AXPTR_W
axptr_define_fill fill_user_nofault, (AXPTR_W | AXPTR_NOFAULT)
