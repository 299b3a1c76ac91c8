// SPDX-License-Identifier: MIT OR Apache-2.0
// The size classes of a copy above 16 bytes where vector registers may be used: in a process. They stand in the text of
// copy.S, in the place of the classes that use general registers, and share its landings and its rule for the rest.
//
//   - 17..32, 33..64: two and four accesses of 16 bytes that overlap in the middle (SSE2, which x86_64 always has).
//   - 65..128: four accesses of 32 bytes if the CPU has AVX2. Else blocks.
//   - 129..2048: blocks of 128 bytes and one overlapping block with AVX2, of 64 bytes and one without. Up to there they are
//     ahead of `rep movsb` (measured on Cascade Lake).
//   - above 2048: `rep movsb` if the CPU has ERMS, and the distance is none at which it is slow. Else blocks.
//
// A class loads before it stores, so that a tail that overlaps what was stored is loaded whole. Stores go upwards.
//
// AVX would do for copies. The bit says AVX2, which strings and fills need, because CPUs with one and not the other are few and old.
//
// With AVX the upper halves of registers are left in use, which makes later SSE code slow on many CPUs: `vzeroupper` ends
// each way out (SDM vol. 1, 14.1.2, "Mixing AVX and SSE code"). So the accesses of 32 bytes have landings of their own.

.set AXPTR_WIDE_MOST, 2048

.macro axptr_wide_classes routine, load, store
    axptr_place
.Lover16_\routine:
    cmp     rcx, 64
    ja      .Lover64_\routine
    cmp     ecx, 32
    ja      .Lover32_\routine
    axptr_access \routine, \load, .Lload_first16_\routine, movups xmm0, xmmword ptr [rsi]
    axptr_access \routine, \load, .Lload_stored0_\routine, movups xmm1, xmmword ptr [rsi + rcx - 16]
    axptr_access \routine, \store, .Lstore_first16_\routine, movups xmmword ptr [rdi], xmm0
    axptr_access \routine, \store, .Lstore_stored16_\routine, movups xmmword ptr [rdi + rcx - 16], xmm1
    axptr_success

    axptr_place
.Lover32_\routine:
    axptr_access \routine, \load, .Lload_first16_\routine, movups xmm0, xmmword ptr [rsi]
    axptr_access \routine, \load, .Lload_stored0_\routine, movups xmm1, xmmword ptr [rsi + 16]
    axptr_access \routine, \load, .Lload_stored0_\routine, movups xmm2, xmmword ptr [rsi + rcx - 32]
    axptr_access \routine, \load, .Lload_stored0_\routine, movups xmm3, xmmword ptr [rsi + rcx - 16]
    axptr_access \routine, \store, .Lstore_first16_\routine, movups xmmword ptr [rdi], xmm0
    axptr_access \routine, \store, .Lstore_stored16_\routine, movups xmmword ptr [rdi + 16], xmm1
    axptr_access \routine, \store, .Lstore_stored32_\routine, movups xmmword ptr [rdi + rcx - 32], xmm2
    axptr_access \routine, \store, .Lstore_left16of64_\routine, movups xmmword ptr [rdi + rcx - 16], xmm3
    axptr_success

    axptr_place
.Lover64_\routine:
    test    byte ptr [rip + {cpu}], AXPTR_CPU_AVX2
    jz      .Lno_avx_\routine
    cmp     rcx, 128
    ja      .Lover128_\routine
    axptr_access \routine, \load, .Lload_first32_\routine, vmovdqu ymm0, ymmword ptr [rsi]
    axptr_access \routine, \load, .Lload_wide0_\routine, vmovdqu ymm1, ymmword ptr [rsi + 32]
    axptr_access \routine, \load, .Lload_wide0_\routine, vmovdqu ymm2, ymmword ptr [rsi + rcx - 64]
    axptr_access \routine, \load, .Lload_wide0_\routine, vmovdqu ymm3, ymmword ptr [rsi + rcx - 32]
    axptr_access \routine, \store, .Lstore_first32_\routine, vmovdqu ymmword ptr [rdi], ymm0
    axptr_access \routine, \store, .Lstore_wide32_\routine, vmovdqu ymmword ptr [rdi + 32], ymm1
    axptr_access \routine, \store, .Lstore_wide64_\routine, vmovdqu ymmword ptr [rdi + rcx - 64], ymm2
    axptr_access \routine, \store, .Lstore_left32of128_\routine, vmovdqu ymmword ptr [rdi + rcx - 32], ymm3
    vzeroupper
    axptr_success

    axptr_place
.Lover128_\routine:
    cmp     rcx, 256
    ja      .Lover256_\routine
    axptr_access \routine, \load, .Lload_first32_\routine, vmovdqu ymm0, ymmword ptr [rsi]
    axptr_access \routine, \load, .Lload_wide0_\routine, vmovdqu ymm1, ymmword ptr [rsi + 32]
    axptr_access \routine, \load, .Lload_wide0_\routine, vmovdqu ymm2, ymmword ptr [rsi + 64]
    axptr_access \routine, \load, .Lload_wide0_\routine, vmovdqu ymm3, ymmword ptr [rsi + 96]
    axptr_access \routine, \load, .Lload_wide0_\routine, vmovdqu ymm4, ymmword ptr [rsi + rcx - 128]
    axptr_access \routine, \load, .Lload_wide0_\routine, vmovdqu ymm5, ymmword ptr [rsi + rcx - 96]
    axptr_access \routine, \load, .Lload_wide0_\routine, vmovdqu ymm6, ymmword ptr [rsi + rcx - 64]
    axptr_access \routine, \load, .Lload_wide0_\routine, vmovdqu ymm7, ymmword ptr [rsi + rcx - 32]
    axptr_access \routine, \store, .Lstore_first32_\routine, vmovdqu ymmword ptr [rdi], ymm0
    axptr_access \routine, \store, .Lstore_wide32_\routine, vmovdqu ymmword ptr [rdi + 32], ymm1
    axptr_access \routine, \store, .Lstore_wide64_\routine, vmovdqu ymmword ptr [rdi + 64], ymm2
    axptr_access \routine, \store, .Lstore_wide96_\routine, vmovdqu ymmword ptr [rdi + 96], ymm3
    axptr_access \routine, \store, .Lstore_second128_left128_\routine, vmovdqu ymmword ptr [rdi + rcx - 128], ymm4
    axptr_access \routine, \store, .Lstore_second128_left96_\routine, vmovdqu ymmword ptr [rdi + rcx - 96], ymm5
    axptr_access \routine, \store, .Lstore_second128_left64_\routine, vmovdqu ymmword ptr [rdi + rcx - 64], ymm6
    axptr_access \routine, \store, .Lstore_second128_left32_\routine, vmovdqu ymmword ptr [rdi + rcx - 32], ymm7
    vzeroupper
    axptr_success

    // The first 32 bytes, then blocks of 128 while more are left, then the 128 at the end. The blocks' stores are aligned to
    // 32 bytes: so the first block begins with bytes that are stored already.
    //   r10  how many of the bytes that the registers describe are stored: 0 behind the first store of the first block
    axptr_place
.Lover256_\routine:
    cmp     rcx, AXPTR_WIDE_MOST
    ja      .Lbulk_\routine
.Lavx_blocks_\routine:
    axptr_access \routine, \load, .Lload_first32_\routine, vmovdqu ymm0, ymmword ptr [rsi]
    axptr_access \routine, \store, .Lstore_first32_\routine, vmovdqu ymmword ptr [rdi], ymm0
    mov     r10d, edi
    and     r10d, 31
    lea     rsi, [rsi + 32]
    sub     rsi, r10
    lea     rdi, [rdi + 32]
    sub     rdi, r10
    lea     rcx, [rcx + r10 - 32]
    axptr_place
.Lavx_block_\routine:
    axptr_access \routine, \load, .Lload_again_\routine, vmovdqu ymm0, ymmword ptr [rsi]
    axptr_access \routine, \load, .Lload_again_\routine, vmovdqu ymm1, ymmword ptr [rsi + 32]
    axptr_access \routine, \load, .Lload_again_\routine, vmovdqu ymm2, ymmword ptr [rsi + 64]
    axptr_access \routine, \load, .Lload_again_\routine, vmovdqu ymm3, ymmword ptr [rsi + 96]
    axptr_access \routine, \store, .Lstore_again_\routine, vmovdqu ymmword ptr [rdi], ymm0
    xor     r10d, r10d
    axptr_access \routine, \store, .Lstore_wide32_\routine, vmovdqu ymmword ptr [rdi + 32], ymm1
    axptr_access \routine, \store, .Lstore_wide64_\routine, vmovdqu ymmword ptr [rdi + 64], ymm2
    axptr_access \routine, \store, .Lstore_wide96_\routine, vmovdqu ymmword ptr [rdi + 96], ymm3
    sub     rsi, -128                   // 128 itself takes three bytes more
    sub     rdi, -128
    add     rcx, -128
    cmp     rcx, 128
    ja      .Lavx_block_\routine
    axptr_access \routine, \load, .Lload_wide0_\routine, vmovdqu ymm0, ymmword ptr [rsi + rcx - 128]
    axptr_access \routine, \load, .Lload_wide0_\routine, vmovdqu ymm1, ymmword ptr [rsi + rcx - 96]
    axptr_access \routine, \load, .Lload_wide0_\routine, vmovdqu ymm2, ymmword ptr [rsi + rcx - 64]
    axptr_access \routine, \load, .Lload_wide0_\routine, vmovdqu ymm3, ymmword ptr [rsi + rcx - 32]
    axptr_access \routine, \store, .Lstore_wide0_\routine, vmovdqu ymmword ptr [rdi + rcx - 128], ymm0
    axptr_access \routine, \store, .Lstore_wide_left96_\routine, vmovdqu ymmword ptr [rdi + rcx - 96], ymm1
    axptr_access \routine, \store, .Lstore_wide_left64_\routine, vmovdqu ymmword ptr [rdi + rcx - 64], ymm2
    axptr_access \routine, \store, .Lstore_wide_left32_\routine, vmovdqu ymmword ptr [rdi + rcx - 32], ymm3
    vzeroupper
    axptr_success

.Lno_avx_\routine:
    .if AXPTR_KERNEL == 0               // in a kernel the window has asked
    cmp     byte ptr [rip + {cpu}], 0
    je      .Lask_\routine
    .endif
    cmp     rcx, AXPTR_WIDE_MOST
    ja      .Lbulk_\routine

    // Blocks of 64 bytes while more are left, then the 64 at the end.
.Lsse_blocks_\routine:
    axptr_access \routine, \load, .Lload_first16_\routine, movups xmm0, xmmword ptr [rsi]
    axptr_access \routine, \load, .Lload_stored0_\routine, movups xmm1, xmmword ptr [rsi + 16]
    axptr_access \routine, \load, .Lload_stored0_\routine, movups xmm2, xmmword ptr [rsi + 32]
    axptr_access \routine, \load, .Lload_stored0_\routine, movups xmm3, xmmword ptr [rsi + 48]
    axptr_access \routine, \store, .Lstore_first16_\routine, movups xmmword ptr [rdi], xmm0
    axptr_access \routine, \store, .Lstore_stored16_\routine, movups xmmword ptr [rdi + 16], xmm1
    axptr_access \routine, \store, .Lstore_stored32_\routine, movups xmmword ptr [rdi + 32], xmm2
    axptr_access \routine, \store, .Lstore_stored48_\routine, movups xmmword ptr [rdi + 48], xmm3
    add     rsi, 64
    add     rdi, 64
    sub     rcx, 64
    cmp     rcx, 64
    ja      .Lsse_blocks_\routine
    axptr_access \routine, \load, .Lload_stored0_\routine, movups xmm0, xmmword ptr [rsi + rcx - 64]
    axptr_access \routine, \load, .Lload_stored0_\routine, movups xmm1, xmmword ptr [rsi + rcx - 48]
    axptr_access \routine, \load, .Lload_stored0_\routine, movups xmm2, xmmword ptr [rsi + rcx - 32]
    axptr_access \routine, \load, .Lload_stored0_\routine, movups xmm3, xmmword ptr [rsi + rcx - 16]
    axptr_access \routine, \store, .Lstore_stored0_\routine, movups xmmword ptr [rdi + rcx - 64], xmm0
    axptr_access \routine, \store, .Lstore_left48_\routine, movups xmmword ptr [rdi + rcx - 48], xmm1
    axptr_access \routine, \store, .Lstore_left32_\routine, movups xmmword ptr [rdi + rcx - 32], xmm2
    axptr_access \routine, \store, .Lstore_left16_\routine, movups xmmword ptr [rdi + rcx - 16], xmm3
    axptr_success

    .if AXPTR_KERNEL == 0
.Lask_\routine:
    call    __axptr_ask_cpu
    jmp     .Lover64_\routine
    .endif

.Lbulk_\routine:
    movzx   eax, byte ptr [rip + {cpu}]
    test    al, AXPTR_CPU_ALIASES
    jz      1f
    axptr_if_aliased .Lblocks_\routine
1:  test    al, AXPTR_CPU_ERMS
    jnz     .Lbytes_\routine
.Lblocks_\routine:
    test    al, AXPTR_CPU_AVX2
    jnz     .Lavx_blocks_\routine
    jmp     .Lsse_blocks_\routine
.endm

// The landings of the accesses of 32 bytes, under the names of copy.S: `wide<n>` is `stored<n>`, `wide_left<n>` is
// `left<n>`.
.macro axptr_wide_landings routine, load, store, unpredictable
    // Of 129..256 bytes, the first 128 are stored.
    .if \store
    axptr_landing \routine, store, second128_left128, second128, 128
    axptr_landing \routine, store, second128_left96, second128, 96
    axptr_landing \routine, store, second128_left64, second128, 64
    axptr_landing \routine, store, second128_left32, second128, 32
.Lsecond128_\routine:
    vzeroupper
    .if AXPTR_SIDE
    mov     r11b, AXPTR_SIDE
    .endif
    sub     rsi, -128
    sub     rdi, -128
    add     rcx, -128
    mov     r9b, 0
    jmp     .Lleft_of_any_\routine
    .if \unpredictable
.Lmedium_left8_\routine:
    mov     al, 8 + AXPTR_SIDE
    mov     rcx, r10
    sub     rcx, rdi
    jmp     .Lleft_\routine
    .endif
    axptr_landing \routine, store, left48, left, 48 + AXPTR_SIDE
    axptr_landing \routine, store, left32, left, 32 + AXPTR_SIDE
    axptr_landing \routine, store, left16, left, 16 + AXPTR_SIDE
    axptr_landing \routine, store, left16of64, left_of64, 16 + AXPTR_SIDE
    axptr_landing \routine, store, wide_left96, wide_left, 96 + AXPTR_SIDE
    axptr_landing \routine, store, wide_left64, wide_left, 64 + AXPTR_SIDE
    axptr_landing \routine, store, wide_left32, wide_left, 32 + AXPTR_SIDE
.Lstore_left32of128_\routine:
    mov     al, 32 + AXPTR_SIDE
    mov     r9b, 64
    vzeroupper
    jmp     .Lleft_of_\routine
.Lwide_left_\routine:
    vzeroupper
    jmp     .Lleft_\routine
    axptr_landing \routine, store, wide0, wide, 0 + AXPTR_SIDE
    axptr_landing \routine, store, wide32, wide, 32 + AXPTR_SIDE
    axptr_landing \routine, store, wide64, wide, 64 + AXPTR_SIDE
    axptr_landing \routine, store, wide96, wide, 96 + AXPTR_SIDE
    axptr_landing \routine, store, first32, wide_first, 32 + AXPTR_SIDE
    axptr_landing \routine, store, first16, first, 16 + AXPTR_SIDE
    .endif
    .if \store
.Lstore_again_\routine:
    mov     eax, r10d
    .if AXPTR_SIDE
    or      al, AXPTR_SIDE
    .endif
    jmp     .Lwide_\routine
    .endif
    .if \load
.Lload_again_\routine:
    mov     eax, r10d
    jmp     .Lwide_\routine
    axptr_landing \routine, load, wide0, wide, 0
    axptr_landing \routine, load, first32, wide_first, 32
    axptr_landing \routine, load, first16, first, 16
    .endif
.Lwide_\routine:
    vzeroupper
    jmp     .Lstored_\routine
.Lwide_first_\routine:
    vzeroupper
    jmp     .Lfirst_\routine
.endm
