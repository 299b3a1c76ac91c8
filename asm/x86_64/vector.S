// SPDX-License-Identifier: MIT OR Apache-2.0
// The vector in front of the kernel's own for #GP (13) and #PF (14).
//
// Both push an error code, so that the stack holds, from rsp on: error code, rip, cs, rflags, rsp, ss, and
// was 16-aligned before the six (SDM vol. 3, 6.14). What comes from user mode, or is none of ours, goes to
// the gate's former handler with that frame and all registers as the CPU left them.
//
// {on_fault}(rdi frame) -> al: 1 to resume the frame, 0 to pass it on.
// {former_gp}, {former_pf}: addresses of the former handlers.
// {cpu}, {smap}: the CPU feature byte, known by now, and its bit.

.pushsection .text.axptr_vector, "ax", @progbits
.balign 16
.global __axptr_vector_gp
.type __axptr_vector_gp, @function
__axptr_vector_gp:
    test    byte ptr [rsp + 16], 3      // the privilege level in cs
    jz      2f
    jmp     qword ptr [rip + {former_gp}]
2:  push    13
    jmp     .Lkernel_fault
.size __axptr_vector_gp, . - __axptr_vector_gp

.balign 16
.global __axptr_vector_pf
.type __axptr_vector_pf, @function
__axptr_vector_pf:
    test    byte ptr [rsp + 16], 3
    jz      2f
    jmp     qword ptr [rip + {former_pf}]
2:  push    14

.Lkernel_fault:
    // An exception leaves RFLAGS.AC as it was: close the window before anything is called. Returning
    // restores it with the frame.
    test    byte ptr [rip + {cpu}], {smap}
    jz      2f
    clac
2:  cld
    push    rax
    push    rcx
    push    rdx
    push    rsi
    push    rdi
    push    r8
    push    r9
    push    r10
    push    r11
    mov     rax, cr2                    // before anything can fault again
    push    rax
    mov     rdi, rsp
    sub     rsp, 8
    call    {on_fault}
    add     rsp, 16
    test    al, al                      // `pop` and `lea` keep the flags
    pop     r11
    pop     r10
    pop     r9
    pop     r8
    pop     rdi
    pop     rsi
    pop     rdx
    pop     rcx
    pop     rax
    jz      3f
    lea     rsp, [rsp + 16]             // the vector number and the error code
    iretq
3:  cmp     dword ptr [rsp], 14
    lea     rsp, [rsp + 8]
    jne     4f
    jmp     qword ptr [rip + {former_pf}]
4:  jmp     qword ptr [rip + {former_gp}]
.size __axptr_vector_pf, . - __axptr_vector_pf
.popsection
