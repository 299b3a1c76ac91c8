// SPDX-License-Identifier: MIT OR Apache-2.0
// Copies a string from user memory, including its terminator, where vector registers may be used. The contract is
// that of string.S.
//
// It reads aligned pieces: of 32 bytes if the CPU has AVX2, with one or two of 16 in front. Else of 16, and aligned blocks of 64
// while that many may follow. Neither straddles a page, and each holds a byte that is needed. So if a piece faults, or the
// first access of a block, it has no byte to copy. If a later access of a block does, the page has gone meanwhile. Either way
// nothing of it is stored. (A cause with bit 7 set ends anywhere: for it the rest is copied bytewise.)
//
// No byte of user memory is read twice: what is stored is what was examined. So the parts of a piece that are stored come out of
// general registers.
//
//   rsi  the next piece; rdi, rcx: where the next byte goes, and how many may follow
//   r9d  how many bytes of the first piece precede the string
//   r10d how many bytes of a piece are stored; r11:rax: the piece from its first byte to store on
//   xmm5 0

.if AXPTR_WIDE

.macro axptr_define_wide_copy_string routine, load
axptr_begin \routine
    mov     rcx, rdx
    xor     edx, edx
    axptr_window_open
    test    rcx, rcx
    jz      .Lexit_\routine
    pxor    xmm5, xmm5
    mov     r9d, esi
    and     r9d, 15
    jnz     .Lhead_\routine

    axptr_place
.Lpieces_\routine:
    test    byte ptr [rip + {cpu}], AXPTR_CPU_AVX2
    jz      .Lno_avx2_\routine
    test    sil, 16
    jnz     .L16_\routine
    axptr_string_by_32 \routine, \load

.Lno_avx2_\routine:
    .if AXPTR_KERNEL == 0               // in a kernel the window has asked
    cmp     byte ptr [rip + {cpu}], 0
    je      .Lask_\routine
    .endif
.Lsse_\routine:
    cmp     rcx, 64
    jb      .Lfew_\routine
    test    sil, 63
    jnz     .L16_\routine
    .balign 32
.Lblock_\routine:
    axptr_access \routine, \load, .Lfault_\routine, movaps xmm0, xmmword ptr [rsi]
    axptr_access \routine, \load, .Lfault_\routine, movaps xmm1, xmmword ptr [rsi + 16]
    axptr_access \routine, \load, .Lfault_\routine, movaps xmm2, xmmword ptr [rsi + 32]
    axptr_access \routine, \load, .Lfault_\routine, movaps xmm3, xmmword ptr [rsi + 48]
    movaps  xmm4, xmm0
    pminub  xmm4, xmm1
    pminub  xmm4, xmm2
    pminub  xmm4, xmm3                  // a byte of it is 0 if one of the four is
    pcmpeqb xmm4, xmm5
    pmovmskb eax, xmm4
    test    eax, eax
    jnz     .Lin_block_\routine
    movups  xmmword ptr [rdi], xmm0
    movups  xmmword ptr [rdi + 16], xmm1
    movups  xmmword ptr [rdi + 32], xmm2
    movups  xmmword ptr [rdi + 48], xmm3
    add     rsi, 64
    add     rdi, 64
    sub     rcx, 64
    cmp     rcx, 64
    jae     .Lblock_\routine
.Lfew_\routine:
    test    rcx, rcx
    jz      .Lexit_\routine
    .balign 32
.L16_\routine:
    axptr_access \routine, \load, .Lfault_\routine, movaps xmm0, xmmword ptr [rsi]
    movaps  xmm4, xmm0
    pcmpeqb xmm4, xmm5
    pmovmskb eax, xmm4
    test    eax, eax
    jnz     .Lends_\routine
    cmp     rcx, 16
    jbe     .Lreaches_max_\routine
    movups  xmmword ptr [rdi], xmm0
    add     rsi, 16
    add     rdi, 16
    sub     rcx, 16
    jmp     .Lpieces_\routine

    .if AXPTR_KERNEL == 0
.Lask_\routine:
    call    __axptr_ask_cpu
    jmp     .Lpieces_\routine
    .endif

.Lin_block_\routine:
    axptr_string_part \routine, xmm1
    axptr_string_part \routine, xmm2
    axptr_string_part \routine, xmm3
    movaps  xmm4, xmm0
    pcmpeqb xmm4, xmm5
    pmovmskb eax, xmm4

    // The piece in xmm0 ends the copy: with the first 0, at a bit of eax, or at `max`.
.Lends_\routine:
    rep bsf r10d, eax                   // TZCNT where there is one, else the same by BSF: it is not 0
    inc     r10d
    cmp     rcx, r10
    jbe     .Lreaches_max_\routine
.Llast_\routine:
    cmp     r10d, 16
    je      .Lall16_\routine
    movq    rax, xmm0
    movhlps xmm0, xmm0
    movq    r11, xmm0
.Llast_part_\routine:
    axptr_string_store
    sub     rcx, r10
    mov     rax, rcx
    axptr_window_close
    ret
.Lreaches_max_\routine:
    mov     r10d, ecx
    jmp     .Llast_\routine
.Lall16_\routine:
    movups  xmmword ptr [rdi], xmm0
    sub     rcx, 16

    // The landings come here, too.
.Lexit_\routine:
    mov     rax, rcx
    axptr_window_close
    ret

    // The bytes of the piece that precede the string are shifted out.
    axptr_place
.Lhead_\routine:
    and     rsi, -16
    axptr_access \routine, \load, .Lhead_fault_\routine, movaps xmm0, xmmword ptr [rsi]
    add     rsi, 16
    pcmpeqb xmm5, xmm0
    pmovmskb r10d, xmm5
    pxor    xmm5, xmm5
    movq    rax, xmm0
    movhlps xmm0, xmm0
    movq    r11, xmm0
    mov     rdx, rcx
    mov     ecx, r9d
    shr     r10d, cl
    shl     ecx, 3
    cmp     r9d, 8
    jae     1f
    shrd    rax, r11, cl
    shr     r11, cl
    jmp     2f
1:  mov     rax, r11
    shr     rax, cl                     // modulo 64
2:  mov     rcx, rdx
    xor     edx, edx
    neg     r9d
    add     r9d, 16                     // so many are left
    test    r10d, r10d
    jnz     .Lhead_ends_\routine
    mov     r10d, r9d
    cmp     rcx, r10
    jbe     .Lhead_reaches_max_\routine
    axptr_string_store
    add     rdi, r10
    sub     rcx, r10
    jmp     .Lpieces_\routine
.Lhead_ends_\routine:
    rep bsf r10d, r10d
    inc     r10d
    cmp     rcx, r10
    ja      .Llast_part_\routine
.Lhead_reaches_max_\routine:
    mov     r10d, ecx
    jmp     .Llast_part_\routine

.Lhead_fault_\routine:
    add     rsi, r9
.Lfault_\routine:                       // rsi is where the next byte is
    test    dl, dl
    jns     .Lexit_\routine             // the cause ends at a page, so the piece had no byte to copy
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

// The rest by pieces of 32 bytes: four per turn, then one.
.macro axptr_string_by_32 routine, load
    vpxor   xmm5, xmm5, xmm5
    cmp     rcx, 128
    jb      .Lfew32_\routine
    .balign 32
.Lfour32_\routine:
    axptr_string_piece_of_32 \routine, \load, 0
    axptr_string_piece_of_32 \routine, \load, 32
    axptr_string_piece_of_32 \routine, \load, 64
    axptr_string_piece_of_32 \routine, \load, 96
    sub     rsi, -128                   // 128 itself takes three bytes more
    sub     rdi, -128
    add     rcx, -128
    cmp     rcx, 128
    jae     .Lfour32_\routine
    test    rcx, rcx
    jz      .Lreached_max32_\routine
    .balign 32
.Lfew32_\routine:
    axptr_access \routine, \load, .Lfault32_0_\routine, vmovdqa ymm0, ymmword ptr [rsi]
    vpcmpeqb ymm1, ymm0, ymm5
    vpmovmskb eax, ymm1
    test    eax, eax
    jnz     .Lends32_0_\routine
    cmp     rcx, 32
    jbe     .Lreaches_max32_\routine
    vmovdqu ymmword ptr [rdi], ymm0
    add     rsi, 32
    add     rdi, 32
    sub     rcx, 32
    jmp     .Lfew32_\routine
.Lreached_max32_\routine:
    vzeroupper
    jmp     .Lexit_\routine

.Lends32_96_\routine:
    axptr_string_skip_32
.Lends32_64_\routine:
    axptr_string_skip_32
.Lends32_32_\routine:
    axptr_string_skip_32
.Lends32_0_\routine:
    rep bsf r10d, eax
    inc     r10d
    cmp     rcx, r10
    ja      .Llast32_\routine
.Lreaches_max32_\routine:
    mov     r10d, ecx
.Llast32_\routine:
    vextracti128 xmm1, ymm0, 1
    vzeroupper
    cmp     r10d, 16
    jbe     .Llast_\routine
    movups  xmmword ptr [rdi], xmm0
    movaps  xmm0, xmm1
    add     rdi, 16
    sub     rcx, 16
    sub     r10d, 16
    jmp     .Llast_\routine

.Lfault32_96_\routine:
    axptr_string_skip_32
.Lfault32_64_\routine:
    axptr_string_skip_32
.Lfault32_32_\routine:
    axptr_string_skip_32
.Lfault32_0_\routine:
    vzeroupper
    jmp     .Lfault_\routine
.endm

// Moves the piece at `at`, if no byte of it is 0.
.macro axptr_string_piece_of_32 routine, load, at
    axptr_access \routine, \load, .Lfault32_\at\()_\routine, vmovdqa ymm0, ymmword ptr [rsi + \at]
    vpcmpeqb ymm1, ymm0, ymm5
    vpmovmskb eax, ymm1
    test    eax, eax
    jnz     .Lends32_\at\()_\routine
    vmovdqu ymmword ptr [rdi + \at], ymm0
.endm

// Goes on after a piece that is copied.
.macro axptr_string_skip_32
    add     rsi, 32
    add     rdi, 32
    sub     rcx, 32
.endm

// Stores the first piece of a block, if no byte of it is 0. Then the `next` is the first.
.macro axptr_string_part routine, next
    movaps  xmm4, xmm0
    pcmpeqb xmm4, xmm5
    pmovmskb eax, xmm4
    test    eax, eax
    jnz     .Lends_\routine
    movups  xmmword ptr [rdi], xmm0
    movaps  xmm0, \next
    add     rdi, 16
    sub     rcx, 16
.endm

// Stores the first r10d bytes of r11:rax, 1 to 15 of them: by two stores that overlap in the middle.
.macro axptr_string_store
    mov     rdx, rcx
    lea     ecx, [r10 * 8]              // shifts count modulo 64, so twice the width of the second store is taken off
    cmp     r10d, 8
    jae     8f
    cmp     r10d, 4
    jae     4f
    mov     byte ptr [rdi], al
    cmp     r10d, 1
    je      1f
    sub     ecx, 16
    shr     eax, cl
    mov     word ptr [rdi + r10 - 2], ax
    jmp     1f
4:  mov     dword ptr [rdi], eax
    sub     ecx, 32
    shr     rax, cl
    mov     dword ptr [rdi + r10 - 4], eax
    jmp     1f
8:  mov     qword ptr [rdi], rax
    shrd    rax, r11, cl
    mov     qword ptr [rdi + r10 - 8], rax
1:  mov     rcx, rdx
    xor     edx, edx
.endm

axptr_define_wide_copy_string copy_string, AXPTR_R
axptr_define_wide_copy_string copy_string_nofault, (AXPTR_R | AXPTR_NOFAULT)

.endif
