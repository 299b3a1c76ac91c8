// SPDX-License-Identifier: MIT OR Apache-2.0
// Copies a string from user memory, including its terminator, by general registers. wide_string.S does it by vector registers,
// under the same contract: one of the two is taken in.
//
// __axptr_copy_string(rdi dst, rsi src, rdx max) -> rax max less the bytes copied, rdx cause
// Clobbers rcx, rdi, rsi, r8-r11 and the flags.
//
// The copy ends at the first 0, at `max`, or at a fault. The last byte copied and the count tell which. It reads user
// memory by aligned words. No aligned word straddles a page. So it never touches the page behind that of the
// terminator. And if a word faults, it has no byte to copy, so nothing is tried again. (A cause with bit 7 set ends
// anywhere: for it the rest is copied bytewise.) It stores only bytes of the string.
//
//   rsi  the next word; rdi, rcx: where the next byte goes, and how many may follow
//   r9   0x8080808080808080
//   r10  -0x0101010101010101
//   r11  how many bytes of rax are new; scratch

.macro axptr_define_copy_string routine, load
axptr_begin \routine
    mov     rcx, rdx
    xor     edx, edx
    axptr_window_open
    test    rcx, rcx
    jz      .Lexit_\routine
    movabs  r10, -0x0101010101010101
    movabs  r9, 0x8080808080808080
    mov     r11d, esi
    and     r11d, 7
    jnz     .Lhead_\routine

.Lwords_\routine:
    // Whole words, while no byte of them is 0 or above 0x80: four per turn, then one.
    cmp     rcx, 32
    jb      .Lword_\routine
    .balign 16                          // worth a tenth at 4 KiB (measured on Zen 3)
.Lfour_\routine:
    axptr_string_word \routine, \load, 0
    axptr_string_word \routine, \load, 8
    axptr_string_word \routine, \load, 16
    axptr_string_word \routine, \load, 24
    add     rsi, 32
    add     rdi, 32
    sub     rcx, 32
    cmp     rcx, 32
    jae     .Lfour_\routine
    test    rcx, rcx
    jz      .Lexit_\routine
.Lword_\routine:
    axptr_access \routine, \load, .Lfault0_\routine, mov rax, qword ptr [rsi]
    lea     r11, [rax + r10]
    test    r11, r9
    jnz     .Lwhole0_\routine
    cmp     rcx, 8
    jb      .Lwhole0_\routine
    mov     qword ptr [rdi], rax
    add     rsi, 8
    add     rdi, 8
    sub     rcx, 8
    jnz     .Lword_\routine
    jmp     .Lexit_\routine

    // A word that must be examined. The other arguments say how many bytes before it are copied.
.Lwhole24_\routine:
    axptr_string_skip_word
.Lwhole16_\routine:
    axptr_string_skip_word
.Lwhole8_\routine:
    axptr_string_skip_word
.Lwhole0_\routine:
    add     rsi, 8
    mov     r11d, 8

    // r11d bytes of rax, lowest first: the head of the string, its end, or a word with a byte whose high bit is set.
    // (x - 01..01) & ~x & 80..80 is 0 if no byte of x is 0. Otherwise its lowest bit is in the first such byte.
.Lpiece_\routine:
    lea     rdx, [rax + r10]
    not     rax
    and     rdx, rax
    not     rax
    and     rdx, r9
    jz      1f
    rep bsf rdx, rdx                    // TZCNT where there is one, else the same by BSF: it is not 0
    shr     edx, 3
    inc     edx                         // the bytes up to the first 0
    cmp     edx, r11d
    cmovb   r11d, edx
1:  cmp     rcx, r11
    cmovb   r11, rcx
    sub     rcx, r11
    cmp     r11d, 8
    jne     .Lpart_\routine
    mov     qword ptr [rdi], rax
    add     rdi, 8
.Lstored_\routine:
    cmp     edx, r11d
    mov     edx, 0
    jne     .Lmore_\routine

    // The last byte was the 0. This is the only exit.
.Lexit_\routine:
    mov     rax, rcx
    axptr_window_close
    ret

.Lmore_\routine:
    test    rcx, rcx
    jnz     .Lwords_\routine
    jmp     .Lexit_\routine

.Lpart_\routine:
    test    r11d, 4
    jz      3f
    mov     dword ptr [rdi], eax
    shr     rax, 32
    add     rdi, 4
3:  test    r11d, 2
    jz      4f
    mov     word ptr [rdi], ax
    shr     eax, 16
    add     rdi, 2
4:  test    r11d, 1
    jz      .Lstored_\routine
    mov     byte ptr [rdi], al
    inc     rdi
    jmp     .Lstored_\routine

    // The bytes of the word that precede the string are dropped. After the access rdx is free, because nothing can
    // fault here.
.Lhead_\routine:
    and     rsi, -8
    axptr_access \routine, \load, .Lhead_fault_\routine, mov rax, qword ptr [rsi]
    add     rsi, 8
    mov     rdx, rcx
    lea     ecx, [r11 * 8]
    shr     rax, cl
    mov     rcx, rdx
    neg     r11d
    add     r11d, 8
    jmp     .Lpiece_\routine

.Lhead_fault_\routine:
    add     rsi, r11
    jmp     .Lfault0_\routine
.Lfault24_\routine:
    axptr_string_skip_word
.Lfault16_\routine:
    axptr_string_skip_word
.Lfault8_\routine:
    axptr_string_skip_word
.Lfault0_\routine:                       // rsi is where the next byte is
    test    dl, dl
    jns     .Lexit_\routine             // the cause ends at a page, so the word had no byte to copy
    axptr_global __axptr_\routine\()_bytewise  // for tests: causes that end at a page do not come here
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

// Moves the word at `at`, unless it must be examined.
.macro axptr_string_word routine, load, at
    axptr_access \routine, \load, .Lfault\at\()_\routine, mov rax, qword ptr [rsi + \at]
    lea     r11, [rax + r10]
    test    r11, r9
    jnz     .Lwhole\at\()_\routine
    mov     qword ptr [rdi + \at], rax
.endm

// Goes on after a word that is copied. Three instructions are cheaper than a jump to where the number is added.
.macro axptr_string_skip_word
    add     rsi, 8
    add     rdi, 8
    sub     rcx, 8
.endm

.if AXPTR_WIDE == 0
axptr_define_copy_string copy_string, AXPTR_R
axptr_define_copy_string copy_string_nofault, (AXPTR_R | AXPTR_NOFAULT)
.endif
