// SPDX-License-Identifier: MIT OR Apache-2.0
// Shared by every routine: the table entry beside its instruction, and the SMAP window.
//
// The Rust side sets AXPTR_KERNEL to 1 (a kernel) or 0 (a Linux process) before this file, and passes its
// constants and the address of its CPU feature byte, {cpu}.
//
// Registers that every routine keeps to:
//   rcx  bytes still to do, when a landing is reached
//   rdx  the cause: 0 until the trap handler writes it on the way to a landing
//   r8d  1 if this call opened the SMAP window, else 0 (kernel only)
//   r11  scratch of the macros below
// User memory is never addressed through rsp or rbp: that would raise #SS instead of #GP
// (AMD64 APM vol. 2, 8.2.13).

// Entry flags.
.set AXPTR_R, {read}                    // the user side is read
.set AXPTR_W, {write}                   // the user side is written
.set AXPTR_STRICT, {strict}             // the instruction touches kernel memory too
.set AXPTR_NOFAULT, {nofault}           // straight to the landing, never to the pager

// Bits of {cpu}.
.set AXPTR_CPU_KNOWN, {known}
.set AXPTR_CPU_SMAP, {smap}
.set AXPTR_CPU_ERMS, {erms}
.set AXPTR_CPU_BLOCKS, {blocks}
.set AXPTR_CPU_ORDINARY, {ordinary}
.set AXPTR_CPU_ALIASES, {aliases}

// `insn` touches user memory if `flags` is not 0: then a fault goes on at `landing`.
// `routine` names the section that the entry follows through the linker (SHF_LINK_ORDER), and which refers to it: else
// `--icf=all` makes one of a routine and its no-fault form, which differ in nothing but their entries.
.macro axptr_access routine, flags, landing, insn:vararg
9:  \insn
    .if \flags
    .reloc 0, BFD_RELOC_NONE, .Laxptr_entry_\routine\()_\@
    .pushsection axptr_ex_table, "ao", @progbits, .text.axptr_\routine
    .balign 4
.Laxptr_entry_\routine\()_\@:
    .long 9b - .
    .short \landing - 9b
    .short \flags
    .org . - ((((\landing - 9b + 0x8000) >> 16) != 0) & 1) // an error if the distance is cut to 16 bits
    .popsection
    .endif
.endm

.macro axptr_begin routine
    .pushsection .text.axptr_\routine, "ax", @progbits
    .balign 32
    .global __axptr_\routine
    .type __axptr_\routine, @function
__axptr_\routine:
.endm

.macro axptr_end routine
    .size __axptr_\routine, . - __axptr_\routine
    .popsection
.endm

// Asks CPUID once if nobody has: {cpu} is 0 until then, so nothing needs initialising.
.macro axptr_know_cpu
    cmp     byte ptr [rip + {cpu}], 0
    jne     9f
    call    __axptr_ask_cpu
9:
.endm

// Opens the window where CPUID reports SMAP. CR4.SMAP is not asked: a kernel may turn it on later,
// and `stac` is legal while it is off (SDM vol. 2, STAC). What was open stays open: r8d = 0.
.macro axptr_window_open
    .if AXPTR_KERNEL
    axptr_know_cpu
    xor     r8d, r8d
    test    byte ptr [rip + {cpu}], AXPTR_CPU_SMAP
    jz      9f
    pushfq
    pop     r11
    test    r11d, 0x40000               // RFLAGS.AC
    jnz     9f
    stac
    inc     r8d
9:
    .endif
.endm

// Leaves a routine that has done all. In place, because a jump to another's end costs more than a small copy's accesses.
.macro axptr_success
    xor     eax, eax
    axptr_window_close
    ret
.endm

// Closes the window if this call opened it. Not `popfq`: it would also undo what others changed.
.macro axptr_window_close
    .if AXPTR_KERNEL
    test    r8d, r8d
    jz      9f
    clac
9:
    .endif
.endm
