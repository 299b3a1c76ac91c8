// SPDX-License-Identifier: MIT OR Apache-2.0
// The vector in front of the kernel's own, for every trap.
//
// A trap leaves sp unchanged. sscratch tells where the trap came from. axcpu keeps the same convention: 0 in kernel
// mode, the kernel's stack in user mode. A trap from user mode, an interrupt, and a fault that is not decided here go
// to the former vector. That vector gets all registers as the machine left them.
//
// A jump needs a register, or a target that the linker knows. So the former vector has a name that the linker knows:
// `__axptr_former_vector`. Our linker fragment gives it to axcpu's vector, `trap_vector_base`. A jump without a register
// reaches 1 MiB in both directions (Unprivileged ISA, "JAL"). If axcpu's vector is farther away, the fragment gives the
// name to the jump itself: the kernel links, and `put_in_front` returns an error.
//
// Calls {on_fault}(a0 frame) -> a0: 1 to resume the frame, 0 to pass it on.
// {sum}: the window's bit in sstatus. {entry}: that bit, and the bits that a trap entry sets.

.weak trap_vector_base
.weak __axptr_former_vector

.pushsection .text.axptr_vector, "ax", @progbits
.option push
.option norelax
.balign 4                               // the low bits of stvec are its mode: 0, every trap enters here
.global __axptr_vector
.type __axptr_vector, @function
__axptr_vector:
    csrrw   sp, sscratch, sp
    beqz    sp, 2f
    csrrw   sp, sscratch, sp
.global __axptr_vector_jump
__axptr_vector_jump:
    j       __axptr_former_vector
2:  csrrw   sp, sscratch, sp
    addi    sp, sp, -160
    sd      t0, 40(sp)
    csrr    t0, scause
    bgez    t0, 3f
    ld      t0, 40(sp)                  // an interrupt
    addi    sp, sp, 160
    j       __axptr_vector_jump

3:  sd      t0, 16(sp)
    csrr    t0, stval                   // before anything can fault again
    sd      t0, 24(sp)
    csrr    t0, sepc
    sd      t0, 0(sp)
    // A trap leaves SUM unchanged. So close the window before calling anything. The return restores it.
    lui     t0, {sum} >> 12
    csrrc   t0, sstatus, t0
    sd      t0, 8(sp)
    sd      ra, 32(sp)
    sd      t1, 48(sp)
    sd      t2, 56(sp)
    sd      t3, 64(sp)
    sd      t4, 72(sp)
    sd      t5, 80(sp)
    sd      t6, 88(sp)
    sd      a0, 96(sp)
    sd      a1, 104(sp)
    sd      a2, 112(sp)
    sd      a3, 120(sp)
    sd      a4, 128(sp)
    sd      a5, 136(sp)
    sd      a6, 144(sp)
    sd      a7, 152(sp)
    mv      a0, sp
    call    {on_fault}
    // Restores what traps taken meanwhile overwrote. The rest of sstatus does not belong to the frame: it may have
    // changed.
    ld      t0, 0(sp)
    csrw    sepc, t0
    li      t1, {entry}
    csrc    sstatus, t1
    ld      t0, 8(sp)
    and     t0, t0, t1
    csrs    sstatus, t0
    ld      t0, 16(sp)
    csrw    scause, t0
    ld      t0, 24(sp)
    csrw    stval, t0
    ld      ra, 32(sp)
    ld      t1, 48(sp)
    ld      t2, 56(sp)
    ld      t3, 64(sp)
    ld      t4, 72(sp)
    ld      t5, 80(sp)
    ld      t6, 88(sp)
    ld      a1, 104(sp)
    ld      a2, 112(sp)
    ld      a3, 120(sp)
    ld      a4, 128(sp)
    ld      a5, 136(sp)
    ld      a6, 144(sp)
    ld      a7, 152(sp)
    ld      t0, 40(sp)
    bnez    a0, 5f
    ld      a0, 96(sp)
    addi    sp, sp, 160
    j       __axptr_vector_jump
5:  ld      a0, 96(sp)
    addi    sp, sp, 160
    sret
.size __axptr_vector, . - __axptr_vector
.option pop
.popsection

// The address of axcpu's vector, near or far; 0 if there is none of this name. It is data, which a kernel that moves itself
// relocates.
.pushsection .data.rel.ro.axptr_vector, "aw", @progbits
.balign 8
.global __axptr_vector_axcpu
.type __axptr_vector_axcpu, @object
__axptr_vector_axcpu:
    .quad   trap_vector_base
.size __axptr_vector_axcpu, . - __axptr_vector_axcpu
.popsection
