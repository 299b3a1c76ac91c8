// SPDX-License-Identifier: MIT OR Apache-2.0
// Finds what the CPU has (kernels only). Also holds the sentinel of the self test.

.if AXPTR_KERNEL
// Fills {cpu} and returns it in w7. Clobbers x5 and the flags.
// Several CPUs may run it at once, because they store the same value.
axptr_begin ask_cpu
    mov     w7, {known}
    mrs     x5, s3_0_c0_c7_1            // ID_AA64MMFR1_EL1
    tst     x5, 0xf << 20               // PAN
    b.eq    2f
    orr     w7, w7, {pan}
2:  mrs     x5, s3_0_c0_c6_0            // ID_AA64ISAR0_EL1
    tst     x5, 0xe << 20               // Atomic: 2 and more; 1 is reserved
    b.eq    2f
    orr     w7, w7, {lse}
2:  adrp    x5, {mops_state}
    ldrb    w5, [x5, :lo12:{mops_state}]
    cmp     w5, {mops_proved}
    b.ne    2f
    orr     w7, w7, {mops}
2:  adrp    x5, {cpu}
    strb    w7, [x5, :lo12:{cpu}]
    ret
axptr_end ask_cpu

// __axptr_try_mops() -> x0 1 if a copy instruction works here, else 0
// A copy of no bytes. If the instruction is undefined, the vector goes on at the end.
axptr_begin try_mops
    mov     x0, xzr
    mov     x2, xzr
    mov     x3, xzr
    mov     x4, xzr
    axptr_global __axptr_try_mops_insn
__axptr_try_mops_insn:
    cpyfp   [x4]!, [x3]!, x2!
    cpyfm   [x4]!, [x3]!, x2!
    cpyfe   [x4]!, [x3]!, x2!
    mov     w0, 1
    axptr_global __axptr_try_mops_end
__axptr_try_mops_end:
    ret
axptr_end try_mops
.endif

// Never called. `selftest` looks up its entry: if the table has it, the linker kept the table.
axptr_begin sentinel, is_called=0
    axptr_access sentinel, AXPTR_R, __axptr_sentinel_landing, ldtrb w8, [x0]
    axptr_global __axptr_sentinel_landing
__axptr_sentinel_landing:
    ret
axptr_end sentinel

// A load without an entry. `trap::selftest` has it fault, for the kernel's own handler. Returns 1 if that stepped over it,
// else 0. The load has a label of its own: a marked routine begins with another instruction.
axptr_begin unlisted
    axptr_global __axptr_unlisted_insn
__axptr_unlisted_insn:
    ldrb    w0, [x0]
    mov     w0, 0
    ret
    axptr_global __axptr_unlisted_stepped_over
__axptr_unlisted_stepped_over:
    mov     w0, 1
    ret
axptr_end unlisted
