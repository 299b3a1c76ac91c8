// SPDX-License-Identifier: MIT OR Apache-2.0
// Counts the bytes of a string in user memory in front of its terminator, where vector registers may be used.
//
// __axptr_string_length(rdi src, rsi max) -> rax max less the bytes counted, rdx status
// Clobbers rcx, rdi, rsi, r8-r11, xmm0-xmm5 and the flags.
//
// The status is 0 if the count ends at the first 0, or at `max`: then nothing is left. Else a byte could not be read, and the
// status is the cause, or {untold} if the trap handler told none.
//
// It reads aligned pieces of 32 bytes if the CPU has AVX2, else of 16: the piece with the first byte, four more, and then
// aligned blocks of four, until one holds a 0 or reaches `max`. Neither a piece nor a block straddles a page, and each holds
// a byte that is needed. So no page is touched that need not be. If a piece faults, or the first one of a block, it has no
// byte to count. If a later one of a block does, the page has gone meanwhile: then neither has the block. (A cause with bit 7
// set ends anywhere: for it the rest is counted bytewise.)
//
//   rdi  the piece, or the block; rsi: how many bytes there are from there to `max`. The bytewise end has both in rsi and rcx
//   ecx  how many bytes of the first piece precede the string
//   xmm5 0

.if AXPTR_WIDE

.macro axptr_define_string_length routine, load
axptr_begin \routine
    mov     edx, {untold}
    axptr_window_open
    test    rsi, rsi
    jz      .Lfull16_\routine
.Lchoose_\routine:
    mov     ecx, edi
    test    byte ptr [rip + {cpu}], AXPTR_CPU_AVX2
    jz      .Lno_avx2_\routine
    axptr_length_by \routine, \load, 32
    axptr_place
.Lno_avx2_\routine:
    .if AXPTR_KERNEL == 0               // in a kernel the window has asked
    cmp     byte ptr [rip + {cpu}], 0
    je      .Lask_\routine
    .endif
    axptr_length_by \routine, \load, 16

    .if AXPTR_KERNEL == 0
.Lask_\routine:
    call    __axptr_ask_cpu
    jmp     .Lchoose_\routine
    .endif

    axptr_length_landings \routine, 32
    vzeroupper
    jmp     .Lrest_\routine
    axptr_length_landings \routine, 16
.Lrest_\routine:                        // rdi is where the next byte is
    mov     rcx, rsi
    mov     rsi, rdi
    test    dl, dl
    jns     .Lexit_\routine             // the cause ends at a page, so the piece had no byte to count
    axptr_global __axptr_\routine\()_bytewise  // for tests: causes that end at a page do not come here
.Lbytewise_\routine:
__axptr_\routine\()_bytewise:
    axptr_access \routine, \load, .Lexit_\routine, mov al, byte ptr [rsi]
    test    al, al
    jz      .Lended_\routine
    inc     rsi
    dec     rcx
    jnz     .Lbytewise_\routine
.Lended_\routine:
    xor     edx, edx
.Lexit_\routine:
    mov     rax, rcx
    axptr_window_close
    ret
axptr_end \routine
.endm

// The count by pieces of `width` bytes.
.macro axptr_length_by routine, load, width
    and     ecx, \width - 1
    and     rdi, -\width
    .if \width == 32
    vpxor   xmm5, xmm5, xmm5
    .else
    pxor    xmm5, xmm5
    .endif
    axptr_length_piece \routine, \load, 0, .Lhead\width\()_\routine, \width
    shr     eax, cl
    test    eax, eax
    jnz     .Lfound0_\width\()_\routine
    add     rsi, rcx
    axptr_length_next \routine, \load, 1, \width
    axptr_length_next \routine, \load, 2, \width
    axptr_length_next \routine, \load, 3, \width
    axptr_length_next \routine, \load, 4, \width

    // The block with the next piece may begin with pieces that are counted already.
    cmp     rsi, 5 * \width
    jbe     .Lfull\width\()_\routine
    mov     rax, rdi
    add     rdi, 5 * \width
    and     rdi, -4 * \width
    sub     rax, rdi
    add     rsi, rax
    .balign 32
.Lblock\width\()_\routine:
    .if \width == 32
    axptr_access \routine, \load, .Lfault0_32_\routine, vmovdqa ymm1, ymmword ptr [rdi]
    axptr_access \routine, \load, .Lfault0_32_\routine, vpminub ymm2, ymm1, ymmword ptr [rdi + 32]
    axptr_access \routine, \load, .Lfault0_32_\routine, vmovdqa ymm3, ymmword ptr [rdi + 64]
    axptr_access \routine, \load, .Lfault0_32_\routine, vpminub ymm4, ymm3, ymmword ptr [rdi + 96]
    vpminub ymm0, ymm2, ymm4            // a byte of it is 0 if one of the four is
    vpcmpeqb ymm0, ymm0, ymm5
    vpmovmskb eax, ymm0
    .else
    axptr_access \routine, \load, .Lfault0_16_\routine, movaps xmm1, xmmword ptr [rdi]
    axptr_access \routine, \load, .Lfault0_16_\routine, movaps xmm2, xmmword ptr [rdi + 16]
    axptr_access \routine, \load, .Lfault0_16_\routine, movaps xmm3, xmmword ptr [rdi + 32]
    axptr_access \routine, \load, .Lfault0_16_\routine, movaps xmm4, xmmword ptr [rdi + 48]
    pminub  xmm2, xmm1
    pminub  xmm4, xmm3
    movaps  xmm0, xmm2
    pminub  xmm0, xmm4
    pcmpeqb xmm0, xmm5
    pmovmskb eax, xmm0
    .endif
    test    eax, eax
    jnz     .Lin_block\width\()_\routine
    sub     rdi, -4 * \width
    sub     rsi, 4 * \width
    ja      .Lblock\width\()_\routine
.Lfull\width\()_\routine:
    xor     eax, eax
    xor     edx, edx
    .if \width == 32
    vzeroupper
    .endif
    axptr_window_close
    ret

    // In which piece of a block the first 0 is. The second and the fourth hold what those in front of them do, too.
    axptr_place
.Lin_block\width\()_\routine:
    .if \width == 32
    vpcmpeqb ymm1, ymm1, ymm5
    vpmovmskb ecx, ymm1
    vpcmpeqb ymm2, ymm2, ymm5
    vpmovmskb r9d, ymm2
    .else
    pcmpeqb xmm1, xmm5
    pmovmskb ecx, xmm1
    pcmpeqb xmm2, xmm5
    pmovmskb r9d, xmm2
    .endif
    shl     r9, \width
    or      rcx, r9
    jz      1f
    rep bsf rax, rcx                    // TZCNT where there is one, else the same by BSF: it is not 0
    jmp     .Lfound_\width\()_\routine
1:
    .if \width == 32
    vpcmpeqb ymm3, ymm3, ymm5
    vpmovmskb ecx, ymm3
    .else
    pcmpeqb xmm3, xmm5
    pmovmskb ecx, xmm3
    .endif
    shl     rax, \width
    or      rax, rcx
    rep bsf rax, rax
    add     eax, 2 * \width
    jmp     .Lfound_\width\()_\routine

.Lfound4_\width\()_\routine:
    rep bsf eax, eax
    add     eax, 4 * \width
    jmp     .Lfound_\width\()_\routine
.Lfound3_\width\()_\routine:
    rep bsf eax, eax
    add     eax, 3 * \width
    jmp     .Lfound_\width\()_\routine
.Lfound2_\width\()_\routine:
    rep bsf eax, eax
    add     eax, 2 * \width
    jmp     .Lfound_\width\()_\routine
.Lfound1_\width\()_\routine:
    rep bsf eax, eax
    add     eax, \width
    jmp     .Lfound_\width\()_\routine
.Lfound0_\width\()_\routine:
    rep bsf eax, eax
.Lfound_\width\()_\routine:             // the 0 is at byte eax from rdi on
    sub     rsi, rax
    jbe     .Lfull\width\()_\routine    // it lies behind `max`
    mov     rax, rsi
    xor     edx, edx
    .if \width == 32
    vzeroupper
    .endif
    axptr_window_close
    ret
.endm

// Which bytes of a piece are 0, by the bits of eax.
.macro axptr_length_piece routine, load, number, landing, width
    .if \width == 32
    axptr_access \routine, \load, \landing, vpcmpeqb ymm0, ymm5, ymmword ptr [rdi + \number * 32]
    vpmovmskb eax, ymm0
    .else
    axptr_access \routine, \load, \landing, movaps xmm0, xmmword ptr [rdi + \number * 16]
    pcmpeqb xmm0, xmm5
    pmovmskb eax, xmm0
    .endif
.endm

// The next piece.
.macro axptr_length_next routine, load, number, width
    cmp     rsi, \number * \width
    jbe     .Lfull\width\()_\routine
    axptr_length_piece \routine, \load, \number, .Lfault\number\()_\width\()_\routine, \width
    test    eax, eax
    jnz     .Lfound\number\()_\width\()_\routine
.endm

// Moves behind what is counted.
.macro axptr_length_landings routine, width
.Lfault4_\width\()_\routine:
    add     rdi, \width
    sub     rsi, \width
.Lfault3_\width\()_\routine:
    add     rdi, \width
    sub     rsi, \width
.Lfault2_\width\()_\routine:
    add     rdi, \width
    sub     rsi, \width
.Lfault1_\width\()_\routine:
    add     rdi, \width
    sub     rsi, \width
    xor     ecx, ecx
.Lhead\width\()_\routine:
    add     rdi, rcx
.Lfault0_\width\()_\routine:
.endm

axptr_define_string_length string_length, AXPTR_R
axptr_define_string_length string_length_nofault, (AXPTR_R | AXPTR_NOFAULT)

.endif
