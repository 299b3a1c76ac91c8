// SPDX-License-Identifier: MIT OR Apache-2.0
// Fills user memory with one byte.
//
// __axptr_fill_user(rdi dst, sil byte, rdx len) -> rax bytes NOT filled, rdx cause
// Clobbers rcx, rdi, r8-r11 and the flags. DF = 0 per the System V ABI.
//
// Size classes and landings are those of copy.S, with the destination as the only side.

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
    axptr_access \routine, \store, .Lstore2_\routine, mov word ptr [rdi], ax
    axptr_access \routine, \store, .Lstore_\routine, mov byte ptr [rdi + rcx - 1], al
    jmp     .Ldone_\routine

.L4to7_\routine:
    axptr_access \routine, \store, .Lstore4_\routine, mov dword ptr [rdi], eax
    axptr_access \routine, \store, .Lstore_\routine, mov dword ptr [rdi + rcx - 4], eax
    jmp     .Ldone_\routine

.L8to16_\routine:
    axptr_access \routine, \store, .Lstore8_\routine, mov qword ptr [rdi], rax
    axptr_access \routine, \store, .Lstore_\routine, mov qword ptr [rdi + rcx - 8], rax

    // The one way out. A landing comes here as well, with its count in rax.
.Ldone_\routine:
    xor     eax, eax
.Lexit_\routine:
    axptr_window_close
    ret

.Lover16_\routine:
    cmp     rcx, 128
    ja      .Lbulk_\routine
    axptr_access \routine, \store, .Lstore8_\routine, mov qword ptr [rdi], rax
    axptr_access \routine, \store, .Lstore_\routine, mov qword ptr [rdi + 8], rax
    cmp     ecx, 32
    jbe     .Llast16_\routine
    axptr_access \routine, \store, .Lstore_\routine, mov qword ptr [rdi + 16], rax
    axptr_access \routine, \store, .Lstore_\routine, mov qword ptr [rdi + 24], rax
    cmp     ecx, 64
    jbe     .Llast32_\routine
    axptr_access \routine, \store, .Lstore_\routine, mov qword ptr [rdi + 32], rax
    axptr_access \routine, \store, .Lstore_\routine, mov qword ptr [rdi + 40], rax
    axptr_access \routine, \store, .Lstore_\routine, mov qword ptr [rdi + 48], rax
    axptr_access \routine, \store, .Lstore_\routine, mov qword ptr [rdi + 56], rax
    axptr_access \routine, \store, .Lstore_\routine, mov qword ptr [rdi + rcx - 64], rax
    axptr_access \routine, \store, .Lstore_\routine, mov qword ptr [rdi + rcx - 56], rax
    axptr_access \routine, \store, .Lstore_\routine, mov qword ptr [rdi + rcx - 48], rax
    axptr_access \routine, \store, .Lstore_\routine, mov qword ptr [rdi + rcx - 40], rax
.Llast32_\routine:
    axptr_access \routine, \store, .Lstore_\routine, mov qword ptr [rdi + rcx - 32], rax
    axptr_access \routine, \store, .Lstore_\routine, mov qword ptr [rdi + rcx - 24], rax
.Llast16_\routine:
    axptr_access \routine, \store, .Lstore_\routine, mov qword ptr [rdi + rcx - 16], rax
    axptr_access \routine, \store, .Lstore_\routine, mov qword ptr [rdi + rcx - 8], rax
    jmp     .Ldone_\routine

.Lbulk_\routine:
    .if AXPTR_KERNEL == 0
    axptr_know_cpu                      // in a kernel the window has asked
    .endif
    test    byte ptr [rip + {cpu}], AXPTR_CPU_ERMS
    jz      .Lwords_\routine
.Lbytes_\routine:
    axptr_access \routine, \store, .Lrest_\routine, rep stosb
.Lrest_\routine:                            // rcx bytes are left, exactly
    mov     rax, rcx
    jmp     .Lexit_\routine

.Lwords_\routine:
    mov     r9d, ecx
    and     r9d, 7
    shr     rcx, 3
    axptr_access \routine, \store, .Lword_fault_\routine, rep stosq
    mov     ecx, r9d
    test    ecx, ecx
    jz      .Ldone_\routine
    axptr_access \routine, \store, .Lstore8_\routine, mov qword ptr [rdi + rcx - 8], rax
    jmp     .Ldone_\routine

    // Landings: see copy.S. rax is what is stored, so the reach is in r10b.
.Lstore2_\routine:
    mov     r10b, 2
    jmp     .Lup_to_edge_\routine
.Lstore4_\routine:
    mov     r10b, 4
    jmp     .Lup_to_edge_\routine
.Lstore_\routine:
    mov     r10b, AXPTR_ANY_REACH
    jmp     .Lup_to_edge_\routine
.Lword_fault_\routine:
    lea     rcx, [rcx * 8 + r9]
.Lstore8_\routine:
    mov     r10b, 8
.Lup_to_edge_\routine:
    test    dl, dl
    js      .Lbytes_\routine                // not a page's cause
    mov     r9d, edi
    neg     r9d
    and     r9d, 4095                   // bytes before the edge; 0 if the page begins here
    jz      .Lrest_\routine
    cmp     r9, rcx
    jae     .Lrest_\routine
    movsx   r10d, r10b
    cmp     r9d, r10d
    jae     .Lrest_\routine
    mov     r10, rcx
    sub     r10, r9
    mov     ecx, r9d
    axptr_access \routine, \store, .Lbefore_edge_\routine, rep stosb
.Lbefore_edge_\routine:
    lea     rax, [r10 + rcx]
    jmp     .Lexit_\routine
axptr_end \routine
.endm

axptr_define_fill fill_user, AXPTR_W
axptr_define_fill fill_user_nofault, (AXPTR_W | AXPTR_NOFAULT)
