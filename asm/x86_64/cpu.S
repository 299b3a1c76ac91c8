// SPDX-License-Identifier: MIT OR Apache-2.0
// The CPU features that the routines choose by, and the sentinel of the self test.

// Fills {cpu} from CPUID leaf 7. Preserves every register but the flags.
// Several CPUs may run it at once: they store the same value.
axptr_begin ask_cpu
    push    rax
    push    rbx
    push    rcx
    push    rdx
    xor     eax, eax
    cpuid
    xor     ebx, ebx
    cmp     eax, 7
    jb      2f
    mov     eax, 7
    xor     ecx, ecx
    cpuid
2:  mov     eax, AXPTR_CPU_KNOWN
    bt      ebx, 20                     // SMAP
    jnc     3f
    or      eax, AXPTR_CPU_SMAP
3:  bt      ebx, 9                      // ERMS
    jnc     4f
    or      eax, AXPTR_CPU_ERMS
4:  mov     byte ptr [rip + {cpu}], al
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
