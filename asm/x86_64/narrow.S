// SPDX-License-Identifier: MIT OR Apache-2.0
// The size classes of a copy above 16 bytes where only general registers may be used: in a kernel. They stand in the text of
// copy.S, and share its landings and its rule for the rest.
//
//   - 17..32, 33..64: moves that overlap in the middle.
//   - 65..512: blocks of 64 bytes and one overlapping block. They are faster than `rep movsb` up to 450 bytes on Zen 3,
//     and up to 1 KiB on Zen 5 (measured). On Zen 3 they are as fast as 8-byte stores, one in 0.8 cycles.
//   - 129..512 on Zen 4 (cpu.S): `rep movsq` of at most 31 words. Longer ones, and `rep movsb` from 128 bytes on, need
//     a start-up time that these do not need. On Zen 3 short ones are slow.
//   - above 512: `rep movsb` if the CPU has ERMS, else `rep movsq` and one overlapping word.
//   - Exception: the destination lies 1..15 bytes above the source, modulo 4 KiB. There `rep movs` is 9 to 28 times
//     slower (measured on Zen 3 and 4), so blocks do the copy. Zen 5 keeps `rep movs`: there it is 4 times slower up to
//     128 bytes, as fast at 1 KiB, and twice as fast at 4 KiB. Intel's CPUs keep it: blocks of general registers take
//     1.6 to 3.5 times as long (measured on Cascade Lake and Emerald Rapids).
//
// The instances without the pager have no `rep movsq` class, and two of them share one tail. A copy under a lock is
// small, and the size of the text is limited (`cargo xtask size`).

.macro axptr_narrow_classes routine, load, store, movs, nofault
.Lover16_\routine:
    cmp     rcx, 64
    ja      .Lover64_\routine
    axptr_access \routine, \load, .Lload_first8_\routine, mov rax, qword ptr [rsi]
    axptr_access \routine, \load, .Lload_stored0_\routine, mov r9, qword ptr [rsi + 8]
    cmp     ecx, 32
    ja      .Lover32_\routine
    // The tail is loaded before the head is stored, never stored before it.
    axptr_access \routine, \load, .Lload_stored0_\routine, mov r10, qword ptr [rsi + rcx - 16]
    axptr_access \routine, \load, .Lload_stored0_\routine, mov r11, qword ptr [rsi + rcx - 8]
    axptr_access \routine, \store, .Lstore_first8_\routine, mov qword ptr [rdi], rax
    axptr_access \routine, \store, .Lstore_stored8_\routine, mov qword ptr [rdi + 8], r9
    axptr_access \routine, \store, .Lstore_stored16_\routine, mov qword ptr [rdi + rcx - 16], r10
    axptr_access \routine, \store, .Lstore_left8of32_\routine, mov qword ptr [rdi + rcx - 8], r11
    axptr_success

.Lover32_\routine:
    axptr_access \routine, \store, .Lstore_first8_\routine, mov qword ptr [rdi], rax
    axptr_access \routine, \store, .Lstore_stored8_\routine, mov qword ptr [rdi + 8], r9
    axptr_move16 \routine, \load, \store, stored16, stored16, stored24, 16
    .if \nofault
    add     rsi, 32                     // what the blocks leave ends in the same way
    add     rdi, 32
    sub     ecx, 32
.Llast32_\routine:
    axptr_move16 \routine, \load, \store, left32, left32, left24, rcx - 32
    axptr_move16 \routine, \load, \store, left16, left16, left8, rcx - 16
    .else
    axptr_move16 \routine, \load, \store, stored32, stored32, left24of64, rcx - 32
    axptr_move16 \routine, \load, \store, left16of64, left16of64, left8of64, rcx - 16
    .endif
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
    axptr_access \routine, \load, .Lload_first8_\routine, mov rax, qword ptr [rsi]
    axptr_access \routine, \load, .Lload_stored0_\routine, mov r9, qword ptr [rsi + 8]
    axptr_access \routine, \load, .Lload_stored0_\routine, mov r10, qword ptr [rsi + 16]
    axptr_access \routine, \load, .Lload_stored0_\routine, mov r11, qword ptr [rsi + 24]
    axptr_access \routine, \store, .Lstore_first8_\routine, mov qword ptr [rdi], rax
    axptr_access \routine, \store, .Lstore_stored8_\routine, mov qword ptr [rdi + 8], r9
    axptr_access \routine, \store, .Lstore_stored16_\routine, mov qword ptr [rdi + 16], r10
    axptr_access \routine, \store, .Lstore_stored24_\routine, mov qword ptr [rdi + 24], r11
    axptr_move16 \routine, \load, \store, stored32, stored32, stored40, 32
    axptr_move16 \routine, \load, \store, stored48, stored48, stored56, 48
    add     rsi, 64
    add     rdi, 64
    sub     rcx, 64
    cmp     rcx, 64
    ja      .Lblocks_\routine
    axptr_move16 \routine, \load, \store, stored0, stored0, left56, rcx - 64
    axptr_move16 \routine, \load, \store, left48, left48, left40, rcx - 48
    .if \nofault
    jmp     .Llast32_\routine
    .else
    axptr_move16 \routine, \load, \store, left32, left32, left24, rcx - 32
    axptr_move16 \routine, \load, \store, left16, left16, left8, rcx - 16
    axptr_success
    .endif

    // 129..512 bytes, if blocks are not the fastest. The last 16 bytes are loaded before the words are moved, and
    // stored after them.
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
    axptr_access \routine, \load, .Lload_stored0_\routine, mov rax, qword ptr [rsi + rcx - 16]
    axptr_access \routine, \load, .Lload_stored0_\routine, mov r9, qword ptr [rsi + rcx - 8]
    lea     r10, [rdi + rcx]
    sub     ecx, 9
    shr     ecx, 3                      // the words that leave 9..16 bytes
    sub     ecx, 31
    jbe     1f
    axptr_access \routine, \movs, .Lmedium_word_\routine, rep movsq
1:  add     ecx, 31                     // none were left, or as many as were lacking
    axptr_access \routine, \movs, .Lmedium_word_\routine, rep movsq
    axptr_access \routine, \store, .Lmedium_left16_\routine, mov qword ptr [r10 - 16], rax
.Lstore_tail_\routine:
    axptr_access \routine, \store, .Lmedium_left8_\routine, mov qword ptr [r10 - 8], r9
    axptr_success
    .endif

.Lwords_\routine:
    mov     r9d, ecx
    and     r9d, 7
    shr     rcx, 3
    axptr_access \routine, \movs, .Lword_fault_\routine, rep movsq
    mov     ecx, r9d
    test    ecx, ecx
    jz      .Lrest_\routine
    axptr_access \routine, \load, .Lload_stored0_\routine, mov rax, qword ptr [rsi + rcx - 8]
    axptr_access \routine, \store, .Lstore_stored0_\routine, mov qword ptr [rdi + rcx - 8], rax
    axptr_success

    .if AXPTR_KERNEL == 0
.Lask_\routine:
    call    __axptr_ask_cpu
    jmp     .Lover64_\routine
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
.endm

// The landings of these classes alone.
.macro axptr_narrow_landings routine, load, store, nofault
    .if \store
    .if \nofault == 0
.Lmedium_left16_\routine:
    mov     al, 16 + AXPTR_SIDE
    jmp     1f
.Lmedium_left8_\routine:
    mov     al, 8 + AXPTR_SIDE
1:  mov     rcx, r10
    sub     rcx, rdi
    jmp     .Lleft_\routine
    axptr_landing \routine, store, left24of64, left_of64, 24 + AXPTR_SIDE
    axptr_landing \routine, store, left16of64, left_of64, 16 + AXPTR_SIDE
    axptr_landing \routine, store, left8of64, left_of64, 8 + AXPTR_SIDE
    .endif
    axptr_landing \routine, store, left56, left, 56 + AXPTR_SIDE
    axptr_landing \routine, store, left48, left, 48 + AXPTR_SIDE
    axptr_landing \routine, store, left40, left, 40 + AXPTR_SIDE
    axptr_landing \routine, store, left32, left, 32 + AXPTR_SIDE
    axptr_landing \routine, store, left24, left, 24 + AXPTR_SIDE
    axptr_landing \routine, store, left16, left, 16 + AXPTR_SIDE
    axptr_landing \routine, store, left8, left, 8 + AXPTR_SIDE
.Lstore_left8of32_\routine:
    mov     al, 8 + AXPTR_SIDE
    mov     r9b, 16
    jmp     .Lleft_of_\routine
    .endif
    .if \store
    axptr_landing \routine, store, stored24, stored, 24 + AXPTR_SIDE
    axptr_landing \routine, store, stored40, stored, 40 + AXPTR_SIDE
    axptr_landing \routine, store, stored56, stored, 56 + AXPTR_SIDE
    .endif
    .if \load
    .if \nofault == 0
    axptr_landing \routine, load, left16of64, left_of64, 16
    .endif
    axptr_landing \routine, load, left48, left, 48
    axptr_landing \routine, load, left32, left, 32
    axptr_landing \routine, load, left16, left, 16
    axptr_landing \routine, load, stored16, stored, 16
    axptr_landing \routine, load, stored32, stored, 32
    axptr_landing \routine, load, stored48, stored, 48
    .endif
.endm

// Moves the 16 bytes at offset `at` of both sides. The other arguments name the landings: one for both loads, one for
// each store.
.macro axptr_move16 routine, load, store, loads, first, second, at:vararg
    axptr_access \routine, \load, .Lload_\loads\()_\routine, mov rax, qword ptr [rsi + \at]
    axptr_access \routine, \load, .Lload_\loads\()_\routine, mov r9, qword ptr [rsi + \at + 8]
    axptr_access \routine, \store, .Lstore_\first\()_\routine, mov qword ptr [rdi + \at], rax
    axptr_access \routine, \store, .Lstore_\second\()_\routine, mov qword ptr [rdi + \at + 8], r9
.endm
