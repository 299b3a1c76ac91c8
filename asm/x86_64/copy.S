// SPDX-License-Identifier: MIT OR Apache-2.0
// Copies between two ranges of which one, or both, may fault. One text; an instance per direction, and again for
// each without the pager.
//
// __axptr_copy_*(rdi dst, rsi src, rdx len) -> rax bytes NOT copied, rdx cause
// __axptr_copy_*_user_unpredictable: the same, entered elsewhere
// Clobbers rcx, rdi, rsi, r8-r11 and the flags. DF = 0 per the System V ABI.
//
// Size classes: 1, 2..3, 4..7, 8, 9..16, 17..32, 33..64 by moves that overlap in the middle; 65..512 by blocks of
// 64 bytes and an overlapping one, which are ahead of `rep movsb` up to 450 bytes on Zen 3 and up to 1 KiB on Zen 5
// (measured; on Zen 3 they go as fast as 8-byte stores do, one in 0.8 cycles). On Zen 4 (cpu.S) 129..512 by `rep movsq`
// of at most 31 words, which does not pay the start that longer ones and `rep movsb` from 128 bytes on pay; short ones
// are slow on Zen 3. Above that `rep movsb` where the CPU has ERMS, else `rep movsq` and one overlapping word. Where the
// destination lies 1..15 bytes behind the source modulo 4 KiB, `rep movs` is 9 to 28 times slower (measured on Zen 3 and
// 4): there the blocks do it. Not on Zen 5, where it is 4 times slower up to 128 bytes, as fast at 1 KiB, and twice as
// fast at 4 KiB.
//
// A taken jump costs up to two cycles, a small copy ten: each class leaves in place, and takes one jump up to 16 bytes
// (two for exactly 4 and 8), two up to 512 where blocks are the choice, and three above.
//
// The instances without the pager have no `rep movsq` class, and share one tail between two: what is copied under a
// lock is small, and the text is bounded (`cargo xtask size`).
//
// How a fault becomes an exact count. A faulting instruction changes nothing (SDM vol. 3, 6.5), and
// accessible memory ends at a multiple of 4 KiB, whatever the page size. So let `rest` be what rdi, rsi
// and rcx describe at a landing, and `edge` the first such multiple behind its start:
//   - the edge lies behind the rest, or out of the faulting access's reach: no byte more can be done;
//   - else the bytes up to the edge are done by `rep movsb`, whose rcx is exact by itself.
// The straight-line classes leave rdi, rsi and rcx alone until they are through, so their rest is the whole
// range, and stores done before the fault are done again with the same bytes. Only the first access of each side needs
// a reach: behind it the rest's first page is known to be good, so a later access faults behind the edge.
// Causes with bit 7 set (tags, poison, alignment) end anywhere: the rest is done bytewise.

// `load` and `store` are the entry flags of a plain load and a plain store, `movs` of an instruction that
// does both; 0 means kernel side: no entry, so a fault there stays the kernel bug that it is.
.macro axptr_define_copy routine, load, store, movs, nofault=0, unpredictable=0
axptr_begin \routine
    mov     rcx, rdx
    xor     edx, edx
    axptr_window_open
.Lclassify_\routine:
    cmp     rcx, 16
    ja      .Lover16_\routine
    cmp     ecx, 8
    jae     .L8to16_\routine
    cmp     ecx, 4
    jae     .L4to7_\routine
    cmp     ecx, 1
    jb      .Ldone_\routine
    je      .L1_\routine
    axptr_access \routine, \load, .Lload2_\routine, movzx eax, word ptr [rsi]
    axptr_access \routine, \load, .Lload_\routine, movzx r9d, byte ptr [rsi + rcx - 1]
    axptr_access \routine, \store, .Lstore2_\routine, mov word ptr [rdi], ax
    axptr_access \routine, \store, .Lstore_\routine, mov byte ptr [rdi + rcx - 1], r9b
    axptr_success

.L1_\routine:
    axptr_access \routine, \load, .Lrest_\routine, mov al, byte ptr [rsi]
    axptr_access \routine, \store, .Lrest_\routine, mov byte ptr [rdi], al
.Ldone_\routine:
    axptr_success

.L4to7_\routine:
    axptr_access \routine, \load, .Lload4_\routine, mov eax, dword ptr [rsi]
    je      .Lexactly4_\routine
    axptr_access \routine, \load, .Lload_\routine, mov r9d, dword ptr [rsi + rcx - 4]
    axptr_access \routine, \store, .Lstore4_\routine, mov dword ptr [rdi], eax
    axptr_access \routine, \store, .Lstore_\routine, mov dword ptr [rdi + rcx - 4], r9d
    axptr_success
.Lexactly4_\routine:
    axptr_access \routine, \store, .Lstore4_\routine, mov dword ptr [rdi], eax
    axptr_success

.L8to16_\routine:
    axptr_access \routine, \load, .Lload8_\routine, mov rax, qword ptr [rsi]
    je      .Lexactly8_\routine
    axptr_access \routine, \load, .Lload_\routine, mov r9, qword ptr [rsi + rcx - 8]
    axptr_access \routine, \store, .Lstore8_\routine, mov qword ptr [rdi], rax
    axptr_access \routine, \store, .Lstore_\routine, mov qword ptr [rdi + rcx - 8], r9
    axptr_success
.Lexactly8_\routine:
    axptr_access \routine, \store, .Lstore8_\routine, mov qword ptr [rdi], rax
    axptr_success

.Lover16_\routine:
    cmp     rcx, 64
    ja      .Lover64_\routine
    axptr_access \routine, \load, .Lload8_\routine, mov rax, qword ptr [rsi]
    axptr_access \routine, \load, .Lload_\routine, mov r9, qword ptr [rsi + 8]
    cmp     ecx, 32
    ja      .Lover32_\routine
    // The tail is loaded before the head is stored, never stored before it.
    axptr_access \routine, \load, .Lload_\routine, mov r10, qword ptr [rsi + rcx - 16]
    axptr_access \routine, \load, .Lload_\routine, mov r11, qword ptr [rsi + rcx - 8]
    axptr_access \routine, \store, .Lstore8_\routine, mov qword ptr [rdi], rax
    axptr_access \routine, \store, .Lstore_\routine, mov qword ptr [rdi + 8], r9
    axptr_access \routine, \store, .Lstore_\routine, mov qword ptr [rdi + rcx - 16], r10
    axptr_access \routine, \store, .Lstore_\routine, mov qword ptr [rdi + rcx - 8], r11
    axptr_success

.Lover32_\routine:
    axptr_access \routine, \store, .Lstore8_\routine, mov qword ptr [rdi], rax
    axptr_access \routine, \store, .Lstore_\routine, mov qword ptr [rdi + 8], r9
    axptr_move16 \routine, \load, \store, 16
.Llast32_\routine:
    axptr_move16 \routine, \load, \store, rcx - 32
    axptr_move16 \routine, \load, \store, rcx - 16
    axptr_success

.Lover64_\routine:
    cmp     rcx, 512
    ja      .Lbulk_\routine
    .if \nofault == 0
    test    byte ptr [rip + {cpu}], AXPTR_CPU_BLOCKS
    jz      .Lno_blocks_\routine
    .endif

    // Blocks of 64 bytes while more are left, then the 64 at the end.
.Lblocks_\routine:
    axptr_access \routine, \load, .Lload8_\routine, mov rax, qword ptr [rsi]
    axptr_access \routine, \load, .Lload_\routine, mov r9, qword ptr [rsi + 8]
    axptr_access \routine, \load, .Lload_\routine, mov r10, qword ptr [rsi + 16]
    axptr_access \routine, \load, .Lload_\routine, mov r11, qword ptr [rsi + 24]
    axptr_access \routine, \store, .Lstore8_\routine, mov qword ptr [rdi], rax
    axptr_access \routine, \store, .Lstore_\routine, mov qword ptr [rdi + 8], r9
    axptr_access \routine, \store, .Lstore_\routine, mov qword ptr [rdi + 16], r10
    axptr_access \routine, \store, .Lstore_\routine, mov qword ptr [rdi + 24], r11
    axptr_move16 \routine, \load, \store, 32
    axptr_move16 \routine, \load, \store, 48
    add     rsi, 64
    add     rdi, 64
    sub     rcx, 64
    cmp     rcx, 64
    ja      .Lblocks_\routine
    axptr_move16 \routine, \load, \store, rcx - 64
    axptr_move16 \routine, \load, \store, rcx - 48
    .if \nofault
    jmp     .Llast32_\routine
    .else
    axptr_move16 \routine, \load, \store, rcx - 32
    axptr_move16 \routine, \load, \store, rcx - 16
    axptr_success
    .endif

.Lbulk_\routine:
    movzx   eax, byte ptr [rip + {cpu}]
    .if AXPTR_KERNEL == 0               // in a kernel the window has asked
    test    al, al
    jz      .Lask_\routine
    .endif
    test    al, AXPTR_CPU_ALIASES
    jz      1f
    axptr_if_aliased .Lblocks_\routine
1:  test    al, AXPTR_CPU_ERMS
    jz      .Lwords_\routine
.Lbytes_\routine:
    axptr_access \routine, \movs, .Lrest_\routine, rep movsb

    // The one way out of landings, and of what counts by itself: rcx bytes are left, exactly.
.Lrest_\routine:
    mov     rax, rcx
.Lexit_\routine:
    axptr_window_close
    ret

.Lwords_\routine:
    mov     r9d, ecx
    and     r9d, 7
    shr     rcx, 3
    axptr_access \routine, \movs, .Lword_fault_\routine, rep movsq
    mov     ecx, r9d
    test    ecx, ecx
    jz      .Lrest_\routine
    axptr_access \routine, \load, .Lload8_\routine, mov rax, qword ptr [rsi + rcx - 8]
    axptr_access \routine, \store, .Lstore8_\routine, mov qword ptr [rdi + rcx - 8], rax
    axptr_success

    // 129..512 bytes where blocks are not the fastest. The last 16 are loaded before the words are moved, and stored
    // behind them.
    //   r10  the end of the destination: r10 - rdi is the rest, wherever the words stop
    .if \nofault == 0
.Lno_blocks_\routine:
    .if AXPTR_KERNEL == 0
    cmp     byte ptr [rip + {cpu}], 0
    je      .Lask_\routine
    .endif
    cmp     ecx, 128
    jbe     .Lblocks_\routine
    axptr_if_aliased .Lblocks_\routine
    axptr_access \routine, \load, .Lload_\routine, mov rax, qword ptr [rsi + rcx - 16]
    axptr_access \routine, \load, .Lload_\routine, mov r9, qword ptr [rsi + rcx - 8]
    lea     r10, [rdi + rcx]
    sub     ecx, 9
    shr     ecx, 3                      // the words that leave 9..16 bytes
    sub     ecx, 31
    jbe     1f
    axptr_access \routine, \movs, .Lmedium_word_\routine, rep movsq
1:  add     ecx, 31                     // none were left, or as many as were lacking
    axptr_access \routine, \movs, .Lmedium_word_\routine, rep movsq
    axptr_access \routine, \store, .Lmedium_tail_\routine, mov qword ptr [r10 - 16], rax
.Lstore_tail_\routine:
    axptr_access \routine, \store, .Lmedium_tail_\routine, mov qword ptr [r10 - 8], r9
    axptr_success
    .endif

    .if AXPTR_KERNEL == 0
.Lask_\routine:
    call    __axptr_ask_cpu
    jmp     .Lover64_\routine
    .endif

    // Landings, outermost first: who faulted, and how far behind the rest's start it could reach.
    .if \load
.Lload2_\routine:
    mov     al, 2
    jmp     .Lload_edge_\routine
.Lload4_\routine:
    mov     al, 4
    jmp     .Lload_edge_\routine
.Lload_\routine:
    mov     al, AXPTR_ANY_REACH
    jmp     .Lload_edge_\routine
.Lload8_\routine:
    mov     al, 8
.Lload_edge_\routine:
    mov     r9d, esi
    .if \store
    jmp     .Lup_to_edge_\routine
    .endif
    .endif

    .if \store
    .if \nofault == 0
.Lmedium_tail_\routine:
    mov     rcx, r10
    sub     rcx, rdi
    .endif
.Lstore_\routine:
    mov     al, AXPTR_ANY_REACH
    jmp     .Lstore_edge_\routine
.Lstore2_\routine:
    mov     al, 2
    jmp     .Lstore_edge_\routine
.Lstore4_\routine:
    mov     al, 4
    jmp     .Lstore_edge_\routine
.Lstore8_\routine:
    mov     al, 8
.Lstore_edge_\routine:
    mov     r9d, edi
    .endif

    // r9d: low half of the faulting side's address, al: the reach.
.Lup_to_edge_\routine:
    test    dl, dl
    js      .Lbytes_\routine            // not a page's cause
    neg     r9d
    and     r9d, 4095                   // bytes before the edge; 0 if the page begins here
    jz      .Lrest_\routine
    cmp     r9, rcx
    jae     .Lrest_\routine
    movsx   eax, al
    cmp     r9d, eax
    jae     .Lrest_\routine
    mov     rax, rcx
    sub     rax, r9
    mov     ecx, r9d
    axptr_access \routine, \movs, .Lbefore_edge_\routine, rep movsb
.Lbefore_edge_\routine:
    add     rax, rcx
    jmp     .Lexit_\routine

    .if \nofault == 0
.Lmedium_word_\routine:
    mov     rcx, r10
    sub     rcx, rdi
    jmp     .Lword_\routine
    .endif
.Lword_fault_\routine:
    lea     rcx, [rcx * 8 + r9]
.Lword_\routine:
    .if (\load) && (\store)             // either side may have faulted: the cause tells, if it is known
    test    edx, edx
    jz      .Lbytes_\routine
    test    edx, AXPTR_W << 8
    jnz     .Lstore8_\routine
    .endif
    .if \load
    jmp     .Lload8_\routine
    .else
    jmp     .Lstore8_\routine
    .endif

    // The second entry, for sizes that no branch predictor knows: hardly a branch depends on them. 9..256 bytes by
    // `rep movsq` where that is ahead of `rep movsb`; else all by `rep movsb` where it starts fast; other CPUs have the
    // ordinary classes, and so has Zen 3, on which `rep movsb` loses more by its start than they by their branches.
    .if \unpredictable
    .global __axptr_\routine\()_unpredictable
    .type __axptr_\routine\()_unpredictable, @function
__axptr_\routine\()_unpredictable:
    mov     rcx, rdx
    xor     edx, edx
    axptr_window_open
.Lunpredictable_\routine:
    movzx   eax, byte ptr [rip + {cpu}]
    test    al, AXPTR_CPU_ORDINARY
    jnz     .Lclassify_\routine
    .if AXPTR_KERNEL == 0
    test    al, al
    jz      .Lask_too_\routine
    .endif
    test    al, AXPTR_CPU_BLOCKS
    jnz     .Lbytes_\routine
    cmp     rcx, 256
    ja      .Lover64_\routine
    cmp     ecx, 8
    jbe     .Lbytes_\routine
    axptr_access \routine, \load, .Lload_\routine, mov r9, qword ptr [rsi + rcx - 8]
    lea     r10, [rdi + rcx]
    dec     ecx
    shr     ecx, 3                      // the words that leave 1..8 bytes
    axptr_access \routine, \movs, .Lmedium_word_\routine, rep movsq
    jmp     .Lstore_tail_\routine
    .if AXPTR_KERNEL == 0
.Lask_too_\routine:
    call    __axptr_ask_cpu
    jmp     .Lunpredictable_\routine
    .endif
    .size __axptr_\routine\()_unpredictable, . - __axptr_\routine\()_unpredictable
    .endif
axptr_end \routine
.endm

// Moves the 16 bytes at offset `at` of both sides.
.macro axptr_move16 routine, load, store, at:vararg
    axptr_access \routine, \load, .Lload_\routine, mov rax, qword ptr [rsi + \at]
    axptr_access \routine, \load, .Lload_\routine, mov r9, qword ptr [rsi + \at + 8]
    axptr_access \routine, \store, .Lstore_\routine, mov qword ptr [rdi + \at], rax
    axptr_access \routine, \store, .Lstore_\routine, mov qword ptr [rdi + \at + 8], r9
.endm

// Goes to `blocks` if the destination lies 1..15 bytes behind the source, modulo 4 KiB.
.macro axptr_if_aliased blocks
    mov     r9d, edi
    sub     r9d, esi
    dec     r9d
    and     r9d, 4095
    cmp     r9d, 15
    jb      \blocks
.endm

axptr_define_copy copy_from_user, AXPTR_R, 0, (AXPTR_R | AXPTR_STRICT), unpredictable=1
axptr_define_copy copy_to_user, 0, AXPTR_W, (AXPTR_W | AXPTR_STRICT), unpredictable=1
axptr_define_copy copy_in_user, AXPTR_R, AXPTR_W, (AXPTR_R | AXPTR_W)

// The same once more for contexts in which the pager must not run: the pc alone tells the two apart.
.set AXPTR_RN, AXPTR_R | AXPTR_NOFAULT
.set AXPTR_WN, AXPTR_W | AXPTR_NOFAULT
axptr_define_copy copy_from_user_nofault, AXPTR_RN, 0, (AXPTR_RN | AXPTR_STRICT), nofault=1
axptr_define_copy copy_to_user_nofault, 0, AXPTR_WN, (AXPTR_WN | AXPTR_STRICT), nofault=1
axptr_define_copy copy_in_user_nofault, AXPTR_RN, AXPTR_WN, (AXPTR_RN | AXPTR_WN), nofault=1
