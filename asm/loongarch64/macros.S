// SPDX-License-Identifier: MIT OR Apache-2.0
// Shared by every routine, beside asm/entry.S: what the CPU can do.
//
// Before this file, the Rust side sets AXPTR_KERNEL to 1 (a kernel) or 0 (a Linux process). It passes its constants,
// and the address of its CPU feature byte, {cpu}.
//
// Registers that every routine keeps to:
//   a0  the first byte of the destination that is still to do; after a landing: bytes left
//   a1  the cause: 0 until the trap handler writes it on the way to a landing
//   a2  bytes still to do, when a landing is reached
//   a3  the first byte of the source that is still to do (fill: the pattern)
// The other registers used are temporaries. No routine touches the stack, ra, or r21, which a kernel may reserve. This
// machine has no window: kernel code may access user pages at any time.

axptr_hidden {cpu}

// Bits of {cpu}.
.set AXPTR_CPU_KNOWN, {known}
.set AXPTR_CPU_UAL, {ual}

// No load touches a byte at this distance above a3, or farther.
.set AXPTR_REACH, 64

// Bit 7 of the cause: it may end inside a page.
.set AXPTR_SUB_PAGE, 0x80

.macro axptr_begin routine
    .pushsection .text.axptr_\routine, "ax", @progbits
    .balign 32
    axptr_global __axptr_\routine
    .type __axptr_\routine, @function
__axptr_\routine:
.endm

.macro axptr_end routine
    .size __axptr_\routine, . - __axptr_\routine
    .popsection
.endm

// Landings of the stores of a block: t0 = the bytes of the block that were stored before.
.macro axptr_stored_landings routine
    axptr_stored_landing \routine, 8
    axptr_stored_landing \routine, 16
    axptr_stored_landing \routine, 24
    axptr_stored_landing \routine, 32
    axptr_stored_landing \routine, 40
    axptr_stored_landing \routine, 48
    axptr_stored_landing \routine, 56
.endm

.macro axptr_stored_landing routine, done
.Lstored\done\()_\routine:
    ori     $t0, $zero, \done
    b       .Lstored_\routine
.endm

// Never called. `selftest` looks up its entry: if the table has it, the linker kept the table.
axptr_begin sentinel
    axptr_access sentinel, AXPTR_R, __axptr_sentinel_landing, ld.b $a0, $a0, 0
    axptr_global __axptr_sentinel_landing
__axptr_sentinel_landing:
    ret
axptr_end sentinel

// A load without an entry. `trap::selftest` has it fault, for the kernel's own handler. Returns 1 if that stepped over it,
// else 0. The load has a label of its own: a marked routine begins with another instruction.
axptr_begin unlisted
    axptr_global __axptr_unlisted_insn
__axptr_unlisted_insn:
    ld.bu   $a0, $a0, 0
    move    $a0, $zero
    ret
    axptr_global __axptr_unlisted_stepped_over
__axptr_unlisted_stepped_over:
    li.w    $a0, 1
    ret
axptr_end unlisted
