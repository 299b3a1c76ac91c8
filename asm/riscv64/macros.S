// SPDX-License-Identifier: MIT OR Apache-2.0
// Shared by every routine, beside asm/entry.S: the SUM window.
//
// Before this file, the Rust side sets AXPTR_KERNEL to 1 (a kernel) or 0 (a Linux process). It passes its constants.
//
// Registers that every routine keeps to:
//   a0   where the first byte that is not done goes, when a landing is reached; in the end the result
//   a1   the cause: 0 until the trap handler writes it on the way to a landing
//   a3   the bits of sstatus that this call set and must clear (kernel only)
//   a5   the end of the destination

// The bit of a cause that may end inside a page.
.set AXPTR_SUB_PAGE, 0x80

// No relaxation: the linker shortens no code here, so the assembler's distances in an entry stay right.
.macro axptr_begin routine
    .pushsection .text.axptr_\routine, "ax", @progbits
    .option push
    .option norelax
    .balign 16
    axptr_global __axptr_\routine
    .type __axptr_\routine, @function
__axptr_\routine:
.endm

.macro axptr_end routine
    .size __axptr_\routine, . - __axptr_\routine
    .option pop
    .popsection
.endm

// Opens the window (Privileged ISA, "sstatus": SUM). An open window stays open: a3 = 0.
.macro axptr_window_open
    .if AXPTR_KERNEL
    lui     t0, {sum} >> 12
    csrrs   a3, sstatus, t0
    not     a3, a3
    and     a3, a3, t0
    .endif
.endm

// Closes the window if this call opened it. Not `csrw`: that would also undo changes by others.
.macro axptr_window_close
    .if AXPTR_KERNEL
    csrc    sstatus, a3
    .endif
.endm
