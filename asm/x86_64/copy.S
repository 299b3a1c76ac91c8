// SPDX-License-Identifier: MIT OR Apache-2.0
// Copies between two ranges. One or both are user memory, whose accesses may fault. One text gives an instance for each
// direction, and a second instance of each without the pager.
//
// __axptr_copy_*(rdi dst, rsi src, rdx len) -> rax bytes NOT copied, rdx cause
// __axptr_copy_*_user_unpredictable: the same contract, another entry point
// Clobbers rcx, rdi, rsi, r8-r11 and the flags. DF = 0 per the System V ABI.
//
// Size classes: 1, 2..3, 4..7, 8, 9..16 here, by moves that overlap in the middle. Those above 16 bytes are in narrow.S,
// which uses general registers only, and in wide.S, which uses vector registers: one of the two is taken in.
//
// A taken jump costs up to two cycles, a small copy ten. So each class returns in place. It takes one jump up to 16
// bytes (two for exactly 4 and 8), two up to 512 bytes if blocks do the copy, and three above.
//
// Exactly 2, 4 and 8 bytes are one access on each user side, so no aligned value is torn.
//
// How a fault becomes an exact count. A faulting instruction changes nothing (SDM vol. 3, 6.5). Each access has a
// landing that knows what was stored before it. So a landing first moves rdi, rsi and rcx past the stored bytes. Then
// they describe the `rest`, of which no byte is stored. This holds whatever other CPUs do to the pages meanwhile. From
// there the rest only shrinks. Accessible memory ends at a multiple of 4 KiB, whatever the page size. Let `edge` be the
// first such multiple at or above the start of the rest, on the side that faulted:
//   - The edge is the start of the rest, or lies behind the rest: no byte more can be copied.
//   - The faulting access was the first on its side, and did not reach the edge: no byte more can be copied.
//   - Otherwise `rep movsb` copies the bytes up to the edge. Its rcx is exact.
//
// Only a first access needs to know its reach. A later access faults behind the edge, because a byte of the page before
// the edge is known to be good. If that page is gone meanwhile, `rep movsb` finds out. Causes with bit 7 set (tags,
// poison, alignment) end anywhere: for them the rest is copied bytewise.
//
// The name of a landing tells what it knows about the rest that the registers describe:
//   first<w>      nothing is stored; the access is the first of its side, and reaches up to byte w
//   stored<n>     the first n bytes are stored
//   left<n>       all but the last n bytes are stored; nothing is stored if the rest has fewer than n
//   left<n>of<m>  the same; the rest has at most m bytes, and the first m/2 are stored in any case

// `load` and `store` are the entry flags of a plain load and a plain store, `movs` those of an instruction that does
// both. 0 means the kernel side: it has no entry, so a fault there stays the kernel bug that it is.
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
    axptr_place
    axptr_access \routine, \load, .Lload_first2_\routine, movzx eax, word ptr [rsi]
    test    cl, 1
    jz      1f
    axptr_access \routine, \load, .Lload_stored0_\routine, movzx r9d, byte ptr [rsi + 2]
1:  axptr_access \routine, \store, .Lstore_first2_\routine, mov word ptr [rdi], ax
    jz      1f
    axptr_access \routine, \store, .Lstore_stored2_\routine, mov byte ptr [rdi + 2], r9b
1:  axptr_success

.L1_\routine:
    axptr_access \routine, \load, .Lrest_\routine, mov al, byte ptr [rsi]
    axptr_access \routine, \store, .Lrest_\routine, mov byte ptr [rdi], al
.Ldone_\routine:
    axptr_success

    axptr_place
.L4to7_\routine:
    axptr_access \routine, \load, .Lload_first4_\routine, mov eax, dword ptr [rsi]
    je      .Lexactly4_\routine
    axptr_access \routine, \load, .Lload_stored0_\routine, mov r9d, dword ptr [rsi + rcx - 4]
    axptr_access \routine, \store, .Lstore_first4_\routine, mov dword ptr [rdi], eax
    axptr_access \routine, \store, .Lstore_stored4_\routine, mov dword ptr [rdi + rcx - 4], r9d
    axptr_success
.Lexactly4_\routine:
    axptr_access \routine, \store, .Lstore_first4_\routine, mov dword ptr [rdi], eax
    axptr_success

    axptr_place
.L8to16_\routine:
    axptr_access \routine, \load, .Lload_first8_\routine, mov rax, qword ptr [rsi]
    je      .Lexactly8_\routine
    axptr_access \routine, \load, .Lload_stored0_\routine, mov r9, qword ptr [rsi + rcx - 8]
    axptr_access \routine, \store, .Lstore_first8_\routine, mov qword ptr [rdi], rax
    axptr_access \routine, \store, .Lstore_stored8_\routine, mov qword ptr [rdi + rcx - 8], r9
    axptr_success
.Lexactly8_\routine:
    axptr_access \routine, \store, .Lstore_first8_\routine, mov qword ptr [rdi], rax
    axptr_success

    .if AXPTR_WIDE
    axptr_wide_classes \routine, \load, \store
    .else
    axptr_narrow_classes \routine, \load, \store, \movs, \nofault
    .endif
.Lbytes_\routine:
    axptr_access \routine, \movs, .Lrest_\routine, rep movsb

    // The only exit of landings, and of instructions whose count is exact by itself: exactly rcx bytes are left.
.Lrest_\routine:
    mov     rax, rcx
.Lexit_\routine:
    axptr_window_close
    ret

    // Landings: each puts what it knows into al. If both sides may fault, bit 7 says which side did. They stand around
    // the places where they meet, so that their jumps are short.
    .set AXPTR_SIDE, 0
    .if (\load) && (\store)
    .set AXPTR_SIDE, 0x80
    .endif
    .if AXPTR_WIDE
    axptr_wide_landings \routine, \load, \store, \unpredictable
    .else
    axptr_narrow_landings \routine, \load, \store, \nofault
    .endif

    // Tails: the registers describe at most 64 bytes, with AVX2 128, of which the tail's first access leaves 96. So the
    // numbers fit into a signed byte.
    //   r9b  the number of bytes stored in any case
    .if AXPTR_WIDE || (\nofault == 0)
.Lleft_of64_\routine:
    mov     r9b, 32
    jmp     .Lleft_of_\routine
    .endif
.Lleft_\routine:
    mov     r9b, 0
.Lleft_of_\routine:
    .if AXPTR_SIDE
    mov     r11d, eax
    and     al, 0x7f
    .endif
.Lleft_of_any_\routine:
    neg     al
    add     al, cl
    cmp     al, r9b
    cmovl   eax, r9d
    .if AXPTR_SIDE
    jmp     1f
    .endif
.Lstored_\routine:
    .if AXPTR_SIDE
    mov     r11d, eax
    .endif
1:  and     eax, 0x7f
    add     rsi, rax
    add     rdi, rax
    sub     rcx, rax
    mov     rax, rcx
    jmp     .Lup_to_edge_\routine
.Lfirst_\routine:
    .if AXPTR_SIDE
    mov     r11d, eax
    .endif
    and     eax, 0x7f

    // Copies the bytes before the edge, if the edge lies below byte rax of the rest.
.Lup_to_edge_\routine:
    test    dl, dl
    js      .Lbytes_\routine            // the cause does not end at a page
    .if \load
    mov     r9d, esi
    .if \store
    test    r11b, r11b
    cmovs   r9d, edi
    .endif
    .else
    mov     r9d, edi
    .endif
    neg     r9d
    and     r9d, 4095                   // bytes before the edge; 0 if the page begins here
    cmp     r9, rax
    jae     .Lrest_\routine
    xchg    rcx, r9
    sub     r9, rcx
    axptr_access \routine, \movs, .Lbefore_edge_\routine, rep movsb
.Lbefore_edge_\routine:
    lea     rax, [r9 + rcx]
    jmp     .Lexit_\routine

    .if \load
    axptr_landing \routine, load, stored0, stored, 0
    .endif
    .if \store
    axptr_landing \routine, store, stored0, stored, 0 + AXPTR_SIDE
    axptr_landing \routine, store, stored2, stored, 2 + AXPTR_SIDE
    axptr_landing \routine, store, stored4, stored, 4 + AXPTR_SIDE
    axptr_landing \routine, store, stored8, stored, 8 + AXPTR_SIDE
    axptr_landing \routine, store, stored16, stored, 16 + AXPTR_SIDE
    axptr_landing \routine, store, stored32, stored, 32 + AXPTR_SIDE
    axptr_landing \routine, store, stored48, stored, 48 + AXPTR_SIDE
    axptr_landing \routine, store, first2, first, 2 + AXPTR_SIDE
    axptr_landing \routine, store, first4, first, 4 + AXPTR_SIDE
    .endif
    .if \load
    axptr_landing \routine, load, first2, first, 2
    axptr_landing \routine, load, first4, first, 4
    .endif

    // The count of words is exact by itself, and the rest begins with a whole word.
    .if AXPTR_WIDE == 0
.Lword_fault_\routine:
    lea     rcx, [rcx * 8 + r9]
    .if \nofault == 0
    jmp     .Lword_\routine
    .endif
    .endif
    .if \unpredictable || (AXPTR_WIDE == 0 && \nofault == 0)
.Lmedium_word_\routine:
    mov     rcx, r10
    sub     rcx, rdi
    .endif
    .if AXPTR_WIDE == 0 || \unpredictable
.Lword_\routine:
    .if (\load) && (\store)             // either side may have faulted; the cause tells which, if it is known
    test    edx, edx
    jz      .Lbytes_\routine
    test    edx, AXPTR_W << 8
    jz      .Lload_first8_\routine
    .endif
    .endif
    .if \store
    axptr_landing \routine, store, first8, first, 8 + AXPTR_SIDE
    .endif
    .if \load
    axptr_landing \routine, load, first8, first, 8
    .endif

    // The second entry point, for sizes that no branch predictor knows: almost no branch depends on the size. `rep
    // movsq` copies 9..256 bytes where it is faster than `rep movsb`; otherwise `rep movsb` copies all sizes where it
    // starts fast. Other CPUs use the ordinary classes. So does Zen 3: there the start of `rep movsb` costs more than
    // the branches.
    .if \unpredictable
    axptr_global __axptr_\routine\()_unpredictable
    .type __axptr_\routine\()_unpredictable, @function
__axptr_\routine\()_unpredictable:
    axptr_branch_target
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
    jnz     .Lflat_\routine
    cmp     rcx, 256
    ja      .Lover64_\routine
    cmp     ecx, 8
    jbe     .Lflat_\routine
    axptr_access \routine, \load, .Lload_stored0_\routine, mov r9, qword ptr [rsi + rcx - 8]
    lea     r10, [rdi + rcx]
    dec     ecx
    shr     ecx, 3                      // the words that leave 1..8 bytes
    axptr_access \routine, \movs, .Lmedium_word_\routine, rep movsq
    .if AXPTR_WIDE
    axptr_access \routine, \store, .Lmedium_left8_\routine, mov qword ptr [r10 - 8], r9
    axptr_success
    .else
    jmp     .Lstore_tail_\routine
    .endif

    // `rep movsb` may access a value byte by byte, so 2, 4 and 8 bytes go elsewhere. All sizes that equal one of them
    // modulo 64 go with them: this is a single branch, which is seldom taken.
.Lflat_\routine:
    mov     eax, 1 << 2 | 1 << 4 | 1 << 8
    bt      rax, rcx
    jc      .Lclassify_\routine
    axptr_access \routine, \movs, .Lflat_rest_\routine, rep movsb
.Lflat_rest_\routine:
    mov     rax, rcx
    axptr_window_close
    ret
    .if AXPTR_KERNEL == 0
.Lask_too_\routine:
    call    __axptr_ask_cpu
    jmp     .Lunpredictable_\routine
    .endif
    .size __axptr_\routine\()_unpredictable, . - __axptr_\routine\()_unpredictable
    .endif
axptr_end \routine
.endm

// Begins a line of 32 bytes, if the text may be large. A jump that crosses or ends such a line costs several cycles on Intel's
// CPUs of the Skylake family (Intel, "Mitigations for Jump Conditional Code Erratum", 2.1).
.macro axptr_place
    .if AXPTR_WIDE
    .balign 32
    .endif
.endm

// A landing of `side`. It goes on at `then`, with `known` in al.
.macro axptr_landing routine, side, name, then, known
.L\side\()_\name\()_\routine:
    mov     al, \known
    jmp     .L\then\()_\routine
.endm

// Goes to `blocks` if the destination lies 1..15 bytes above the source, modulo 4 KiB.
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

// The same text again, for contexts in which the pager must not run: only the pc tells the two instances apart.
.set AXPTR_RN, AXPTR_R | AXPTR_NOFAULT
.set AXPTR_WN, AXPTR_W | AXPTR_NOFAULT
axptr_define_copy copy_from_user_nofault, AXPTR_RN, 0, (AXPTR_RN | AXPTR_STRICT), nofault=1
axptr_define_copy copy_to_user_nofault, 0, AXPTR_WN, (AXPTR_WN | AXPTR_STRICT), nofault=1
axptr_define_copy copy_in_user_nofault, AXPTR_RN, AXPTR_WN, (AXPTR_RN | AXPTR_WN), nofault=1
