// SPDX-License-Identifier: MIT OR Apache-2.0
// Copies a string from user memory, terminator included.
//
// __axptr_copy_string(rdi dst, rsi src, rdx max) -> rax max less the bytes copied, rdx cause
// Clobbers rcx, rdi, rsi, r8-r11 and the flags.
//
// The bytes end with the first 0, with `max`, or with a fault; which of them, the last byte copied and the
// count tell. User memory is read by aligned words. None of them straddles a page, so that the page behind
// the terminator's is never touched, and a word that faults has no byte to offer: nothing is tried again. (A
// cause with bit 7 set ends anywhere: then the rest is done bytewise.) Only bytes of the string are stored.
//
//   rsi  the current word; rdi, rcx: where the next byte goes, and how many may follow
//   r9   src + max, so that r9 - rcx is the address of the next byte
//   r10  0x0101010101010101
//   r11  how many bytes of rax are left to be stored one by one; scratch

.macro axptr_define_copy_string routine, load
axptr_begin \routine
    mov     rcx, rdx
    lea     r9, [rsi + rdx]
    xor     edx, edx
    axptr_window_open
    test    rcx, rcx
    jz      .Lexit_\routine
    movabs  r10, 0x0101010101010101
    mov     r11d, esi
    and     rsi, -8
    axptr_access \routine, \load, .Lfault_\routine, mov rax, qword ptr [rsi]
    and     r11d, 7
    jz      .Lword_\routine
    // The bytes of the word in front of the string are dropped.
    mov     rdx, rcx
    lea     ecx, [r11 * 8]
    shr     rax, cl
    mov     rcx, rdx
    xor     edx, edx
    xor     r11d, 7
    inc     r11d

    // Up to r11d bytes of rax, lowest first: the head of the string, or its end.
.Lbytes_\routine:
    mov     byte ptr [rdi], al
    inc     rdi
    dec     rcx
    jz      .Lexit_\routine
    test    al, al
    jz      .Lexit_\routine
    shr     rax, 8
    dec     r11d
    jnz     .Lbytes_\routine

.Lnext_\routine:
    add     rsi, 8
    axptr_access \routine, \load, .Lfault_\routine, mov rax, qword ptr [rsi]
.Lword_\routine:
    // (x - 01..01) & ~x & 80..80 is 0 if no byte of x is. rdx is free: nothing faults here.
    mov     r11, rax
    sub     r11, r10
    mov     rdx, rax
    not     rdx
    and     r11, rdx
    mov     rdx, r10
    shl     rdx, 7
    test    r11, rdx
    mov     edx, 0
    mov     r11d, 8
    jnz     .Lbytes_\routine
    cmp     rcx, 8
    jb      .Lbytes_\routine
    mov     qword ptr [rdi], rax
    add     rdi, 8
    sub     rcx, 8
    jnz     .Lnext_\routine

    // The one way out.
.Lexit_\routine:
    mov     rax, rcx
    axptr_window_close
    ret

.Lfault_\routine:
    test    dl, dl
    jns     .Lexit_\routine             // a page's cause: the word had nothing to offer
    mov     rsi, r9
    sub     rsi, rcx
    .global __axptr_\routine\()_bytewise  // for tests: no page's cause comes here
.Lbytewise_\routine:
__axptr_\routine\()_bytewise:
    axptr_access \routine, \load, .Lexit_\routine, mov al, byte ptr [rsi]
    mov     byte ptr [rdi], al
    inc     rsi
    inc     rdi
    dec     rcx
    jz      .Lall_good_\routine
    test    al, al
    jnz     .Lbytewise_\routine
.Lall_good_\routine:
    xor     edx, edx
    jmp     .Lexit_\routine
axptr_end \routine
.endm

axptr_define_copy_string copy_string, AXPTR_R
axptr_define_copy_string copy_string_nofault, (AXPTR_R | AXPTR_NOFAULT)
