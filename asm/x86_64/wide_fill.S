// SPDX-License-Identifier: MIT OR Apache-2.0
// The size classes of a fill above 16 bytes where vector registers may be used. They stand in the text of fill.S,
// in the place of the classes that use general registers, and share its landings and its rule for the rest.
//
//   - 17..32, 33..64: two and four stores of 16 bytes that overlap in the middle (SSE2).
//   - 65..128, 129..256: four and eight stores of 32 bytes that overlap in the middle, if the CPU has AVX2. Else blocks.
//   - above: blocks of 128 bytes, aligned to 32, and one overlapping block with AVX2, of 64 bytes and one without.
//   - above {fill_most}: `rep stosb` if the CPU has ERMS. It does not read what it overwrites, which is what counts where no cache
//     holds it. Below it has no advantage, and on Intel's CPUs its count may be too small (docs/operations.md).
//
// As in wide.S, `vzeroupper` ends each way out of AVX, so those stores have landings of their own. The names of landings are
// those of copy.S.

.macro axptr_wide_fill_classes routine, store
    axptr_place
.Lover16_\routine:
    movq    xmm0, rax
    punpcklqdq xmm0, xmm0
    cmp     rcx, 64
    ja      .Lover64_\routine
    cmp     ecx, 32
    ja      .Lover32_\routine
    axptr_access \routine, \store, .Lfirst16_\routine, movups xmmword ptr [rdi], xmm0
    axptr_access \routine, \store, .Lstored16_\routine, movups xmmword ptr [rdi + rcx - 16], xmm0
    axptr_success

    axptr_place
.Lover32_\routine:
    axptr_access \routine, \store, .Lfirst16_\routine, movups xmmword ptr [rdi], xmm0
    axptr_access \routine, \store, .Lstored16_\routine, movups xmmword ptr [rdi + 16], xmm0
    axptr_access \routine, \store, .Lstored32_\routine, movups xmmword ptr [rdi + rcx - 32], xmm0
    axptr_access \routine, \store, .Lleft16of64_\routine, movups xmmword ptr [rdi + rcx - 16], xmm0
    axptr_success

    axptr_place
.Lover64_\routine:
    test    byte ptr [rip + {cpu}], AXPTR_CPU_AVX2
    jz      .Lno_avx2_\routine
    cmp     rcx, 256
    ja      .Lover256_\routine
    vpbroadcastq ymm0, xmm0
    axptr_access \routine, \store, .Lfirst32_\routine, vmovdqu ymmword ptr [rdi], ymm0
    axptr_access \routine, \store, .Lwide32_\routine, vmovdqu ymmword ptr [rdi + 32], ymm0
    cmp     ecx, 128
    ja      .Lover128_\routine
    axptr_access \routine, \store, .Lwide64_\routine, vmovdqu ymmword ptr [rdi + rcx - 64], ymm0
    axptr_access \routine, \store, .Lleft32of128_\routine, vmovdqu ymmword ptr [rdi + rcx - 32], ymm0
    vzeroupper
    axptr_success

    axptr_place
.Lover128_\routine:
    axptr_access \routine, \store, .Lwide64_\routine, vmovdqu ymmword ptr [rdi + 64], ymm0
    axptr_access \routine, \store, .Lwide96_\routine, vmovdqu ymmword ptr [rdi + 96], ymm0
    axptr_access \routine, \store, .Lwide128_\routine, vmovdqu ymmword ptr [rdi + rcx - 128], ymm0
    axptr_access \routine, \store, .Lleft96of256_\routine, vmovdqu ymmword ptr [rdi + rcx - 96], ymm0
    axptr_access \routine, \store, .Lleft64of256_\routine, vmovdqu ymmword ptr [rdi + rcx - 64], ymm0
    axptr_access \routine, \store, .Lleft32of256_\routine, vmovdqu ymmword ptr [rdi + rcx - 32], ymm0
    vzeroupper
    axptr_success

    // The first 32 bytes, then blocks of 128 from the next multiple of 32 on while more are left, then the 128 at the end.
    //   r10  how many of the bytes that the registers describe are stored: 0 behind the first store of the first block
    axptr_place
.Lover256_\routine:
    cmp     rcx, {fill_most}
    ja      .Lbulk_\routine
.Lavx2_blocks_\routine:
    vpbroadcastq ymm0, xmm0
    axptr_access \routine, \store, .Lfirst32_\routine, vmovdqu ymmword ptr [rdi], ymm0
    mov     r10d, edi
    and     r10d, 31
    add     rdi, 32
    sub     rdi, r10
    lea     rcx, [rcx + r10 - 32]
    axptr_place
.Lavx2_block_\routine:
    axptr_access \routine, \store, .Lagain_\routine, vmovdqa ymmword ptr [rdi], ymm0
    xor     r10d, r10d
    axptr_access \routine, \store, .Lwide32_\routine, vmovdqa ymmword ptr [rdi + 32], ymm0
    axptr_access \routine, \store, .Lwide64_\routine, vmovdqa ymmword ptr [rdi + 64], ymm0
    axptr_access \routine, \store, .Lwide96_\routine, vmovdqa ymmword ptr [rdi + 96], ymm0
    sub     rdi, -128                   // 128 itself takes three bytes more
    add     rcx, -128
    cmp     rcx, 128
    ja      .Lavx2_block_\routine
    axptr_access \routine, \store, .Lwide0_\routine, vmovdqu ymmword ptr [rdi + rcx - 128], ymm0
    axptr_access \routine, \store, .Lwide_left96_\routine, vmovdqu ymmword ptr [rdi + rcx - 96], ymm0
    axptr_access \routine, \store, .Lwide_left64_\routine, vmovdqu ymmword ptr [rdi + rcx - 64], ymm0
    axptr_access \routine, \store, .Lwide_left32_\routine, vmovdqu ymmword ptr [rdi + rcx - 32], ymm0
    vzeroupper
    axptr_success

.Lno_avx2_\routine:
    .if AXPTR_KERNEL == 0               // in a kernel the window has asked
    cmp     byte ptr [rip + {cpu}], 0
    je      .Lask_\routine
    .endif
    cmp     rcx, {fill_most}
    ja      .Lbulk_\routine

    // Blocks of 64 bytes while more are left, then the 64 at the end.
.Lsse_blocks_\routine:
    axptr_access \routine, \store, .Lfirst16_\routine, movups xmmword ptr [rdi], xmm0
    axptr_access \routine, \store, .Lstored16_\routine, movups xmmword ptr [rdi + 16], xmm0
    axptr_access \routine, \store, .Lstored32_\routine, movups xmmword ptr [rdi + 32], xmm0
    axptr_access \routine, \store, .Lstored48_\routine, movups xmmword ptr [rdi + 48], xmm0
    add     rdi, 64
    sub     rcx, 64
    cmp     rcx, 64
    ja      .Lsse_blocks_\routine
    axptr_access \routine, \store, .Lnone_\routine, movups xmmword ptr [rdi + rcx - 64], xmm0
    axptr_access \routine, \store, .Lleft48_\routine, movups xmmword ptr [rdi + rcx - 48], xmm0
    axptr_access \routine, \store, .Lleft32_\routine, movups xmmword ptr [rdi + rcx - 32], xmm0
    axptr_access \routine, \store, .Lleft16_\routine, movups xmmword ptr [rdi + rcx - 16], xmm0
    axptr_success

    .if AXPTR_KERNEL == 0
.Lask_\routine:
    call    __axptr_ask_cpu
    jmp     .Lover64_\routine
    .endif

.Lbulk_\routine:
    movzx   r9d, byte ptr [rip + {cpu}]
    test    r9b, AXPTR_CPU_ERMS
    jnz     .Lbytes_\routine
    test    r9b, AXPTR_CPU_AVX2
    jnz     .Lavx2_blocks_\routine
    jmp     .Lsse_blocks_\routine
.endm

.macro axptr_wide_fill_landings routine
    axptr_fill_landing \routine, first32, wide_reach, 32
    axptr_fill_landing \routine, wide0, wide_known, 0
    axptr_fill_landing \routine, wide32, wide_known, 32
    axptr_fill_landing \routine, wide64, wide_known, 64
    axptr_fill_landing \routine, wide96, wide_known, 96
    axptr_fill_landing \routine, wide128, wide_known, 128
.Lagain_\routine:
    mov     eax, r10d
.Lwide_known_\routine:
    vzeroupper
    jmp     .Lknown_\routine
.Lwide_reach_\routine:
    vzeroupper
    jmp     .Lreach_\routine
    axptr_fill_landing \routine, left32of128, wide_left, 32, 64
    axptr_fill_landing \routine, left96of256, wide_left, 96, 128
    axptr_fill_landing \routine, left64of256, wide_left, 64, 128
    axptr_fill_landing \routine, left32of256, wide_left, 32, 128
    axptr_fill_landing \routine, wide_left96, wide_left, 96, 0
    axptr_fill_landing \routine, wide_left64, wide_left, 64, 0
    axptr_fill_landing \routine, wide_left32, wide_left, 32, 0
.Lwide_left_\routine:
    vzeroupper
    jmp     .Lleft_\routine
    axptr_fill_landing \routine, left48, left, 48, 0
    axptr_fill_landing \routine, left32, left, 32, 0
    axptr_fill_landing \routine, left16of64, left, 16, 32
    axptr_fill_landing \routine, left16, left, 16, 0

    // All but the last al bytes are stored, and in any case the first r9d. The registers describe at most 256.
.Lleft_\routine:
    movzx   eax, al
    neg     eax
    add     eax, ecx
    cmp     eax, r9d
    cmovl   eax, r9d
    jmp     .Lknown_\routine
    axptr_fill_landing \routine, first16, reach, 16
    axptr_fill_landing \routine, stored48, known, 48
    axptr_fill_landing \routine, stored32, known, 32
    axptr_fill_landing \routine, stored16, known, 16
    axptr_fill_landing \routine, none, known, 0
.endm

// A landing that goes on at `then`, with `known` in al, and perhaps what is stored in any case in r9d.
.macro axptr_fill_landing routine, name, then, known, stored
.L\name\()_\routine:
    mov     al, \known
    .ifnb \stored
    mov     r9d, \stored
    .endif
    jmp     .L\then\()_\routine
.endm
