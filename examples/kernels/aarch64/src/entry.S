// SPDX-License-Identifier: MIT OR Apache-2.0
.macro  each op
    .irp    n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30
    \op     x\n, [sp, 8 * \n]
    .endr
.endm

.section .text.boot, "ax"
.global _start
_start:                             // in EL1, without paging, at the physical address
    adrp    x0, root
    msr     ttbr0_el1, x0           // memory where it is, for the way up
    msr     ttbr1_el1, x0
    ldr     x0, ={tcr}
    msr     tcr_el1, x0
    mov     x0, 0xff                // of kind 0 is memory, of kind 1 are devices
    msr     mair_el1, x0
    tlbi    vmalle1
    dsb     nsh
    mrs     x0, sctlr_el1
    mov     x1, 0x1005              // paging and caches
    orr     x0, x0, x1
    bic     x0, x0, 2               // no alignment checks: axptr's routines count on it
    msr     sctlr_el1, x0
    isb
    ldr     x0, =1f
    br      x0
1:  adr     x0, vectors
    msr     vbar_el1, x0
    ldr     x0, =stack + 0x4000 - 34 * 8
    mov     sp, x0
    mov     x8, x0
    bl      {main}                  // makes the program's first frame there
    b       restore

.balign 0x800
vectors:                            // interrupts are masked all the time
    .rept   16
    .balign 0x80
    b       trap
    .endr
trap:
    sub     sp, sp, 34 * 8
    each    str
    mrs     x0, elr_el1
    mrs     x1, spsr_el1            // with PAN as it was
    stp     x0, x1, [sp, 8 * 31]
    mov     x0, sp
    bl      {handler}
restore:
    ldp     x0, x1, [sp, 8 * 31]
    msr     elr_el1, x0
    msr     spsr_el1, x1
    each    ldr
    add     sp, sp, 34 * 8
    eret

.section .data
.balign 0x1000
root:                               // the kernel's memory, not for execution in user mode: devices, then RAM
    .quad   0x40000000000405, 0x40000040000401
    .fill   510, 8
.comm stack, 0x4000, 16
