// SPDX-License-Identifier: MIT OR Apache-2.0
// The vector table in front of the kernel's own, for synchronous exceptions of kernel code (Arm ARM D1.3.1).
//
// When an exception is taken, no register is free. So only a direct branch can go to the former table, whose symbol the
// linker must know. Here are two tables, for the two lines of axcpu: `exception_vector_base` is the earlier one's, or any
// table to which the kernel gives that name; `__ax_cpu_vector_el1` is that of ax-cpu 0.10. `put_in_front` takes the table
// that goes on to what VBAR_EL1 holds. The references are weak: a kernel without such a table links, and `put_in_front`
// returns an error. A branch reaches 128 MiB. If a linker puts a veneer in between, which needs a register, that is an
// error too.
//
// Calls {on_fault}(x0 frame) -> w0: 1 to resume the frame, 0 to pass it on.
// {cpu}, {pan}: the CPU feature byte, filled by now, and the number of its bit for PAN.
// {neon}: 1 if the kernel is compiled with NEON. Then the interrupted code, {on_fault} and the pager use its registers.

// With BTI, no slot needs `bti`: an exception clears PSTATE.BTYPE (Arm ARM D1.3.1), and the branches from here are direct.

.weak exception_vector_base
.weak __ax_cpu_vector_el1

// Does it to all NEON registers, which lie at sp.
.macro axptr_each_vector op
    \op     q0, q1, [sp]
    \op     q2, q3, [sp, 32]
    \op     q4, q5, [sp, 64]
    \op     q6, q7, [sp, 96]
    \op     q8, q9, [sp, 128]
    \op     q10, q11, [sp, 160]
    \op     q12, q13, [sp, 192]
    \op     q14, q15, [sp, 224]
    \op     q16, q17, [sp, 256]
    \op     q18, q19, [sp, 288]
    \op     q20, q21, [sp, 320]
    \op     q22, q23, [sp, 352]
    \op     q24, q25, [sp, 384]
    \op     q26, q27, [sp, 416]
    \op     q28, q29, [sp, 448]
    \op     q30, q31, [sp, 480]
.endm

.macro axptr_restore_frame
    ldp     x18, x30, [sp, 144]
    ldp     x16, x17, [sp, 128]
    ldp     x14, x15, [sp, 112]
    ldp     x12, x13, [sp, 96]
    ldp     x10, x11, [sp, 80]
    ldp     x8, x9, [sp, 64]
    ldp     x6, x7, [sp, 48]
    ldp     x4, x5, [sp, 32]
    ldp     x2, x3, [sp, 16]
    ldp     x0, x1, [sp]
    add     sp, sp, 208
.endm

// A table in front of `former`. Its code differs from that of the other in two branches.
.macro axptr_vector name, former
.pushsection .text.axptr_vector, "ax", @progbits
.balign 2048
.global \name
.type \name, @function
\name:
    .set    .Laxptr_slot, 0
    .rept   16
    .balign 128
    .if .Laxptr_slot == 4               // synchronous, current EL, on its own stack pointer
    b       .Lsynchronous_\name
    .else
    b       \former + .Laxptr_slot * 128
    .endif
    .set    .Laxptr_slot, .Laxptr_slot + 1
    .endr
    .balign 128

    // The frame: x0-x18, x30, ELR, SPSR, ESR, FAR, PSTATE.PAN. The callee keeps x19-x29.
.Lsynchronous_\name:
    sub     sp, sp, 208
    stp     x0, x1, [sp]
    stp     x2, x3, [sp, 16]
    stp     x4, x5, [sp, 32]
    stp     x6, x7, [sp, 48]
    stp     x8, x9, [sp, 64]
    stp     x10, x11, [sp, 80]
    stp     x12, x13, [sp, 96]
    stp     x14, x15, [sp, 112]
    stp     x16, x17, [sp, 128]
    stp     x18, x30, [sp, 144]
    // Before anything can fault again.
    mrs     x0, elr_el1
    mrs     x1, spsr_el1
    stp     x0, x1, [sp, 160]
    mrs     x0, esr_el1
    mrs     x1, far_el1
    stp     x0, x1, [sp, 176]
    // With SCTLR_EL1.SPAN = 1 an exception leaves PAN unchanged. So close the window before calling anything.
    adrp    x2, {cpu}
    ldrb    w2, [x2, :lo12:{cpu}]
    stp     xzr, xzr, [sp, 192]
    tbz     w2, {pan}, 2f
    mrs     x3, s3_0_c4_c2_3            // PAN
    str     x3, [sp, 192]
    .inst   0xd500419f                  // msr pan, #1
2:  mov     x0, sp
    .if {neon}
    sub     sp, sp, 512
    axptr_each_vector stp
    mrs     x1, fpsr
    mrs     x2, fpcr
    stp     x1, x2, [sp, -16]!
    .endif
    bl      {on_fault}
    .if {neon}
    ldp     x1, x2, [sp], 16
    msr     fpsr, x1
    msr     fpcr, x2
    axptr_each_vector ldp
    add     sp, sp, 512
    .endif
    // A pager may have slept. So the exception registers may belong to another exception by now.
    ldp     x1, x2, [sp, 160]
    msr     elr_el1, x1
    msr     spsr_el1, x2
    cbnz    w0, 3f
    ldp     x1, x2, [sp, 176]
    msr     esr_el1, x1
    msr     far_el1, x2
    adrp    x2, {cpu}
    ldrb    w2, [x2, :lo12:{cpu}]
    tbz     w2, {pan}, 2f
    ldr     x3, [sp, 192]
    msr     s3_0_c4_c2_3, x3
2:  axptr_restore_frame
    b       \former + 4 * 128
3:  axptr_restore_frame
    eret
.size \name, . - \name
.popsection
.endm

axptr_vector __axptr_vector, exception_vector_base
axptr_vector __axptr_vector_living, __ax_cpu_vector_el1
