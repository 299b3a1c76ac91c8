// SPDX-License-Identifier: MIT OR Apache-2.0
// The sentinel of the self test.

// Never called. `selftest` looks up its entry: if the table has it, the linker kept the table.
axptr_begin sentinel
    axptr_access sentinel, AXPTR_R, __axptr_sentinel_landing, lbu a0, 0(a0)
    .global __axptr_sentinel_landing
__axptr_sentinel_landing:
    ret
axptr_end sentinel

// A load without an entry. `trap::selftest` has it fault, for the kernel's own handler.
axptr_begin unlisted
    lbu     a0, 0(a0)
    .global __axptr_unlisted_end
__axptr_unlisted_end:
    ret
axptr_end unlisted
