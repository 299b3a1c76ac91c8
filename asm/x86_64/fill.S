// SPDX-License-Identifier: MIT OR Apache-2.0
// Fills user memory with one byte.
//
// __axptr_fill_user(rdi dst, sil byte, rdx len) -> rax bytes NOT filled, rdx cause
// Clobbers rcx, rdi, r8-r11 and the flags. DF = 0 per the System V ABI.
//
// Size classes and landings are those of copy.S, with the destination as the only side.

.macro axptr_fill landing, insn:vararg
    axptr_access fill_user, AXPTR_W, .L\landing\()_fill, \insn
.endm

axptr_begin fill_user
    mov     rcx, rdx
    xor     edx, edx
    movzx   eax, sil
    movabs  r9, 0x0101010101010101
    imul    rax, r9
    axptr_window_open
    cmp     rcx, 16
    ja      .Lover16_fill
    cmp     ecx, 8
    jae     .L8to16_fill
    cmp     ecx, 4
    jae     .L4to7_fill
    cmp     ecx, 1
    jb      .Ldone_fill
    ja      .L2to3_fill
    axptr_fill rest, mov byte ptr [rdi], al
    jmp     .Ldone_fill

.L2to3_fill:
    axptr_fill store2, mov word ptr [rdi], ax
    axptr_fill store, mov byte ptr [rdi + rcx - 1], al
    jmp     .Ldone_fill

.L4to7_fill:
    axptr_fill store4, mov dword ptr [rdi], eax
    axptr_fill store, mov dword ptr [rdi + rcx - 4], eax
    jmp     .Ldone_fill

.L8to16_fill:
    axptr_fill store8, mov qword ptr [rdi], rax
    axptr_fill store, mov qword ptr [rdi + rcx - 8], rax

    // The one way out. A landing comes here as well, with its count in rax.
.Ldone_fill:
    xor     eax, eax
.Lexit_fill:
    axptr_window_close
    ret

.Lover16_fill:
    cmp     rcx, AXPTR_REACH
    ja      .Lbulk_fill
    axptr_fill store8, mov qword ptr [rdi], rax
    axptr_fill store, mov qword ptr [rdi + 8], rax
    cmp     ecx, 32
    jbe     .Llast16_fill
    axptr_fill store, mov qword ptr [rdi + 16], rax
    axptr_fill store, mov qword ptr [rdi + 24], rax
    cmp     ecx, 64
    jbe     .Llast32_fill
    axptr_fill store, mov qword ptr [rdi + 32], rax
    axptr_fill store, mov qword ptr [rdi + 40], rax
    axptr_fill store, mov qword ptr [rdi + 48], rax
    axptr_fill store, mov qword ptr [rdi + 56], rax
    axptr_fill store, mov qword ptr [rdi + rcx - 64], rax
    axptr_fill store, mov qword ptr [rdi + rcx - 56], rax
    axptr_fill store, mov qword ptr [rdi + rcx - 48], rax
    axptr_fill store, mov qword ptr [rdi + rcx - 40], rax
.Llast32_fill:
    axptr_fill store, mov qword ptr [rdi + rcx - 32], rax
    axptr_fill store, mov qword ptr [rdi + rcx - 24], rax
.Llast16_fill:
    axptr_fill store, mov qword ptr [rdi + rcx - 16], rax
    axptr_fill store, mov qword ptr [rdi + rcx - 8], rax
    jmp     .Ldone_fill

.Lbulk_fill:
    axptr_know_cpu
    test    byte ptr [rip + {cpu}], AXPTR_CPU_ERMS
    jz      .Lwords_fill
.Lbytes_fill:
    axptr_fill rest, rep stosb
.Lrest_fill:                            // rcx bytes are left, exactly
    mov     rax, rcx
    jmp     .Lexit_fill

.Lwords_fill:
    mov     r9d, ecx
    and     r9d, 7
    shr     rcx, 3
    axptr_fill word_fault, rep stosq
    mov     ecx, r9d
    test    ecx, ecx
    jz      .Ldone_fill
    axptr_fill store8, mov qword ptr [rdi + rcx - 8], rax
    jmp     .Ldone_fill

    // Landings: see copy.S.
.Lword_fault_fill:
    lea     rcx, [rcx * 8 + r9]
.Lstore8_fill:
    mov     r10d, 8
    jmp     .Lup_to_edge_fill
.Lstore2_fill:
    mov     r10d, 2
    jmp     .Lup_to_edge_fill
.Lstore4_fill:
    mov     r10d, 4
    jmp     .Lup_to_edge_fill
.Lstore_fill:
    mov     r10d, AXPTR_REACH
.Lup_to_edge_fill:
    test    dl, dl
    js      .Lbytes_fill                // not a page's cause
    mov     r11d, edi
    neg     r11d
    and     r11d, 4095                  // bytes before the edge; 0 if the page begins here
    jz      .Lrest_fill
    cmp     r11d, r10d
    jae     .Lrest_fill
    cmp     r11, rcx
    jae     .Lrest_fill
    mov     r9, rcx
    sub     r9, r11
    mov     ecx, r11d
    axptr_fill before_edge, rep stosb
.Lbefore_edge_fill:
    lea     rax, [r9 + rcx]
    jmp     .Lexit_fill
axptr_end fill_user
