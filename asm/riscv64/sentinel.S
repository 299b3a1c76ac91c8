// SPDX-License-Identifier: MIT OR Apache-2.0
// The sentinel of the self test.

// Never called. `selftest` looks up its entry: if the table has it, the linker kept the table.
axptr_begin sentinel
    axptr_access sentinel, AXPTR_R, __axptr_sentinel_landing, lbu a0, 0(a0)
    axptr_global __axptr_sentinel_landing
__axptr_sentinel_landing:
    ret
axptr_end sentinel

// A load without an entry. `trap::selftest` has it fault, for the kernel's own handler. Returns 1 if that stepped over it,
// else 0. The load has a label of its own: a marked routine begins with another instruction.
axptr_begin unlisted
    axptr_global __axptr_unlisted_insn
__axptr_unlisted_insn:
    lbu     a0, 0(a0)
    li      a0, 0
    ret
    axptr_global __axptr_unlisted_stepped_over
__axptr_unlisted_stepped_over:
    li      a0, 1
    ret
axptr_end unlisted
