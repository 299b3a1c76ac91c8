// SPDX-License-Identifier: MIT OR Apache-2.0
// Shared by every routine, beside asm/entry.S: the SMAP window.
//
// Before this file, the Rust side sets AXPTR_KERNEL to 1 (a kernel) or 0 (a Linux process). It passes its constants,
// and the address of its CPU feature byte, {cpu}.
//
// Registers that every routine keeps to:
//   rcx  bytes still to do, when a landing is reached
//   rdx  the cause: 0 (in length.S another value) until the trap handler writes it on the way to a landing
//   r8d  1 if this call opened the SMAP window, else 0 (kernel only)
//   r11  scratch of the macros below
// User memory is never addressed through rsp or rbp: that would raise #SS instead of #GP (AMD64 APM vol. 2, 8.2.13).

// Entry flags, beside those of asm/entry.S.
.set AXPTR_STRICT, {strict}             // the instruction accesses kernel memory too

axptr_hidden {cpu}

// Bits of {cpu}.
.set AXPTR_CPU_KNOWN, {known}
.set AXPTR_CPU_SMAP, {smap}
.set AXPTR_CPU_ERMS, {erms}
.set AXPTR_CPU_BLOCKS, {blocks}
.set AXPTR_CPU_ORDINARY, {ordinary}
.set AXPTR_CPU_ALIASES, {aliases}
.set AXPTR_CPU_AVX2, {avx2}

// Where an indirect branch may go to. The compiler calls a routine through the global offset table; a linker that does
// not relax that leaves the call indirect. With IBT such a target begins with `endbr64` (SDM vol. 1, 17.3).
.macro axptr_branch_target
    .if {branch_targets}
    endbr64
    .endif
.endm

.macro axptr_begin routine, is_called=1
    .pushsection .text.axptr_\routine, "ax", @progbits
    .balign 32
    axptr_global __axptr_\routine
    .type __axptr_\routine, @function
__axptr_\routine:
    .if \is_called
    axptr_branch_target
    .endif
.endm

.macro axptr_end routine
    .size __axptr_\routine, . - __axptr_\routine
    .popsection
.endm

// Asks CPUID, once: {cpu} is 0 until then. So it needs no initialisation.
.macro axptr_know_cpu
    cmp     byte ptr [rip + {cpu}], 0
    jne     9f
    call    __axptr_ask_cpu
9:
.endm

// Opens the window if CPUID reports SMAP. It does not check CR4.SMAP: a kernel may turn SMAP on later, and `stac` is
// legal while it is off (SDM vol. 2, STAC). An open window stays open: r8d = 0.
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

// Leaves a routine that has done all bytes. It stands in place, because a jump to another exit costs more than the
// accesses of a small copy.
.macro axptr_success
    xor     eax, eax
    axptr_window_close
    ret
.endm

// Closes the window if this call opened it. Not `popfq`: that would also undo changes by others.
.macro axptr_window_close
    .if AXPTR_KERNEL
    test    r8d, r8d
    jz      9f
    clac
9:
    .endif
.endm
