// SPDX-License-Identifier: MIT OR Apache-2.0
// The vector in front of the kernel's own handlers. For #GP (13) and #PF (14) it decides the fault. For all other gates
// it closes the window.
//
// Neither an exception nor an interrupt changes RFLAGS.AC (SDM vol. 3, 6.12.1.3). So code that interrupts a copy would
// run with the window open, and so would a task that it switches to. User code could also open the window by setting AC
// itself. So the vector closes it before anything else. The return restores it with the frame.
//
// #GP and #PF push an error code. So the stack holds, from rsp up: error code, rip, cs, rflags, rsp, ss. Before these
// six, the CPU aligned rsp to 16 (SDM vol. 3, 6.14). A fault from user mode, and a fault that is not decided here, goes
// to the former handler of its gate. That handler gets the same frame, and all registers as the CPU left them.
//
// {on_fault}(rdi frame) -> al: 1 to resume the frame, 0 to pass it on.
// {former}: the addresses of the former handlers, by gate.
// {cpu}, {smap}: the CPU feature byte, filled by now, and its bit.
// {wide}, {wider}: whether the routines use vector registers, and the bit of {cpu} for 32 bytes of each.
// {gates}, {stub}: the number of gates, and the size of the code for each.

// Each gate's code begins with `endbr64`: with IBT in kernel mode an event is an indirect branch (SDM vol. 1, 17.3). Other
// CPUs take it for a NOP. The former handlers begin with one, too, in such a kernel.

// An exception or an interrupt that is not decided here. Only CPUs with `clac` use it.
.macro axptr_other number
    endbr64
    clac
    jmp     qword ptr [rip + {former} + 8 * \number]
    .org    __axptr_vector_others + {stub} * (\number + 1), 0xcc
.endm

.pushsection .text.axptr_vector, "ax", @progbits
.balign 16
.global __axptr_vector_others
.type __axptr_vector_others, @function
__axptr_vector_others:
.altmacro                               // for the value of a symbol as an argument
.set axptr_gate, 0
.rept {gates}
    axptr_other %axptr_gate
    .set axptr_gate, axptr_gate + 1
.endr
.noaltmacro
.size __axptr_vector_others, . - __axptr_vector_others

.macro axptr_close
    test    byte ptr [rip + {cpu}], {smap}
    jz      9f
    clac
9:
.endm

// The interrupted copy may have loaded what it has not stored yet, and the pager may copy. No other code of such a kernel
// changes these registers, so MXCSR stays. Keeps rdi and al, and the alignment of the stack.
.macro axptr_save_vectors
    .if {wide}
    sub     rsp, 16 * 32
    test    byte ptr [rip + {cpu}], {wider}
    jz      8f
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
    vmovdqu ymmword ptr [rsp + 32 * \n], ymm\n
    .endr
    jmp     9f
8:
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
    movups  xmmword ptr [rsp + 32 * \n], xmm\n
    .endr
9:
    .endif
.endm

.macro axptr_restore_vectors
    .if {wide}
    test    byte ptr [rip + {cpu}], {wider}
    jz      8f
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
    vmovdqu ymm\n, ymmword ptr [rsp + 32 * \n]
    .endr
    jmp     9f
8:
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
    movups  xmm\n, xmmword ptr [rsp + 32 * \n]
    .endr
9:
    add     rsp, 16 * 32
    .endif
.endm

.balign 16
.global __axptr_vector_gp
.type __axptr_vector_gp, @function
__axptr_vector_gp:
    endbr64
    axptr_close
    test    byte ptr [rsp + 16], 3      // the privilege level in cs
    jz      2f
    jmp     qword ptr [rip + {former} + 8 * 13]
2:  push    13
    jmp     .Lkernel_fault
.size __axptr_vector_gp, . - __axptr_vector_gp

.balign 16
.global __axptr_vector_pf
.type __axptr_vector_pf, @function
__axptr_vector_pf:
    endbr64
    axptr_close
    test    byte ptr [rsp + 16], 3
    jz      2f
    jmp     qword ptr [rip + {former} + 8 * 14]
2:  push    14

.Lkernel_fault:
    cld
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
    axptr_save_vectors
    call    {on_fault}
    axptr_restore_vectors
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
    jmp     qword ptr [rip + {former} + 8 * 14]
4:  jmp     qword ptr [rip + {former} + 8 * 13]
.size __axptr_vector_pf, . - __axptr_vector_pf
.popsection
