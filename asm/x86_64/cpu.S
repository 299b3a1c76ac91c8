// SPDX-License-Identifier: MIT OR Apache-2.0
// Finds the CPU features by which the routines choose. Also holds the sentinel of the self test.

// Fills {cpu} from CPUID leaves 0, 1 and 7. Preserves every register but the flags.
// Several CPUs may run it at once, because they store the same value.
axptr_begin ask_cpu
    push    rax
    push    rbx
    push    rcx
    push    rdx
    push    rdi
    push    rsi
    push    r8
    mov     r8d, 1 << 4
    mov     edi, AXPTR_CPU_KNOWN | AXPTR_CPU_ALIASES | AXPTR_CPU_BLOCKS | AXPTR_CPU_ORDINARY
    xor     eax, eax
    cpuid
    mov     esi, eax                    // the highest leaf
    cmp     ebx, 0x756e6547             // "Genu"ineIntel
    je      6f
    cmp     ebx, 0x68747541             // "Auth"enticAMD
    jne     2f
    mov     eax, 1
    cpuid
    mov     ecx, eax
    shr     eax, 8
    and     eax, 0xff00f                // the extended family and the family
    cmp     eax, 0xa00f                 // 25 = 15 + 10: Zen 3 and 4
    jne     1f
    xor     r8d, r8d                    // `rep movsb` starts fast, but its start costs more than branches do
    shr     ecx, 16
    and     ecx, 15                     // the high half of the model
    mov     eax, 0x7c2
    bt      eax, ecx                    // 1, 6..10: Zen 4
    jnc     2f
    and     edi, ~(AXPTR_CPU_BLOCKS | AXPTR_CPU_ORDINARY)
    jmp     2f
1:  cmp     eax, 0xb00f                 // 26: Zen 5
    jne     2f
    and     edi, ~AXPTR_CPU_ALIASES
6:
    .if AXPTR_WIDE == 0
    and     edi, ~AXPTR_CPU_ALIASES     // blocks of general registers are slower than `rep movsb` at any distance
    .endif
2:
    .if AXPTR_WIDE
    cmp     esi, 7
    jb      6f
    mov     eax, 1
    cpuid
    not     ecx
    test    ecx, 1 << 27 | 1 << 28      // OSXSAVE and AVX
    jnz     6f
    xor     ecx, ecx
    xgetbv                              // what the system saves (SDM vol. 1, 14.3): SSE is bit 1, AVX bit 2
    not     eax
    test    al, 1 << 1 | 1 << 2
    jnz     6f
    or      edi, AXPTR_CPU_AVX2
6:
    .endif
    cmp     esi, 7
    jb      5f
    mov     eax, 7
    xor     ecx, ecx
    cpuid
    .if AXPTR_WIDE
    bt      ebx, 5                      // AVX2
    jc      6f
    and     edi, ~AXPTR_CPU_AVX2
6:
    .endif
    bt      ebx, 20                     // SMAP
    jnc     3f
    or      edi, AXPTR_CPU_SMAP
3:  bt      ebx, 9                      // ERMS
    jnc     4f
    or      edi, AXPTR_CPU_ERMS
4:  and     edx, r8d                    // FSRM is bit 4
    jz      5f
    and     edi, ~AXPTR_CPU_ORDINARY
5:  mov     eax, edi
    mov     byte ptr [rip + {cpu}], al
    pop     r8
    pop     rsi
    pop     rdi
    pop     rdx
    pop     rcx
    pop     rbx
    pop     rax
    ret
axptr_end ask_cpu

// Never called. `selftest` looks up its entry: if the table has it, the linker kept the table.
axptr_begin sentinel, is_called=0
    axptr_access sentinel, AXPTR_R, __axptr_sentinel_landing, mov al, byte ptr [rdi]
    axptr_global __axptr_sentinel_landing
__axptr_sentinel_landing:
    ret
axptr_end sentinel

// A load without an entry. `trap::selftest` has it fault, for the kernel's own handler. Returns 1 if that stepped over it,
// else 0. The load has a label of its own: a marked routine begins with another instruction.
axptr_begin unlisted
    axptr_global __axptr_unlisted_insn
__axptr_unlisted_insn:
    movzx   eax, byte ptr [rdi]
    xor     eax, eax
    ret
    axptr_global __axptr_unlisted_stepped_over
__axptr_unlisted_stepped_over:
    mov     eax, 1
    ret
axptr_end unlisted
