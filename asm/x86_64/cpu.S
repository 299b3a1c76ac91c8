// SPDX-License-Identifier: MIT OR Apache-2.0
// The CPU features that the routines choose by, and the sentinel of the self test.

// Fills {cpu} from CPUID leaves 0, 1 and 7. Preserves every register but the flags.
// Several CPUs may run it at once: they store the same value.
axptr_begin ask_cpu
    push    rax
    push    rbx
    push    rcx
    push    rdx
    push    rdi
    push    rsi
    mov     edi, AXPTR_CPU_KNOWN | AXPTR_CPU_ALIASES
    xor     eax, eax
    cpuid
    mov     esi, eax                    // the highest leaf
    cmp     ebx, 0x68747541             // "Auth"enticAMD
    jne     2f
    mov     eax, 1
    cpuid
    shr     eax, 8
    and     eax, 0xff00f                // the extended family and the family
    sub     eax, 0xa00f                 // 25 = 15 + 10: Zen 3 and 4
    jnz     1f
    or      edi, AXPTR_CPU_WORDS
1:  cmp     eax, 0x1000                 // 26: Zen 5
    jne     2f
    and     edi, ~AXPTR_CPU_ALIASES
2:  cmp     esi, 7
    jb      5f
    mov     eax, 7
    xor     ecx, ecx
    cpuid
    bt      ebx, 20                     // SMAP
    jnc     3f
    or      edi, AXPTR_CPU_SMAP
3:  bt      ebx, 9                      // ERMS
    jnc     4f
    or      edi, AXPTR_CPU_ERMS
4:  bt      edx, 4                      // FSRM
    jnc     5f
    or      edi, AXPTR_CPU_FSRM
5:  mov     eax, edi
    mov     byte ptr [rip + {cpu}], al
    pop     rsi
    pop     rdi
    pop     rdx
    pop     rcx
    pop     rbx
    pop     rax
    ret
axptr_end ask_cpu

// Never called. `selftest` looks its entry up: if this one is in the table, the linker kept the table.
axptr_begin sentinel
    axptr_access sentinel, AXPTR_R, __axptr_sentinel_landing, mov al, byte ptr [rdi]
    .global __axptr_sentinel_landing
__axptr_sentinel_landing:
    ret
axptr_end sentinel
