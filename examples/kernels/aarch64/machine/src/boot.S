// SPDX-License-Identifier: MIT OR Apache-2.0
.global KERNEL
.equ    KERNEL, {kernel}            // for kernel.ld

.section .text.boot, "ax"
.global _start
_start:                             // in EL1 or EL2, without paging, at the physical address
    mrs     x0, currentel
    tbz     x0, 3, 2f
    ldr     x0, ={hcr}              // in EL2 as in EL1: the registers by their names, and user mode
    msr     hcr_el2, x0
    isb
2:  adrp    x0, root
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
    bic     x0, x0, 2               // A: axptr accesses the kernel's memory at any alignment
    msr     sctlr_el1, x0
    isb
    ldr     x0, =1f
    br      x0
1:  ldr     x0, =vectors
    msr     vbar_el1, x0
    ldr     x0, =stack + 0x4000
    mov     sp, x0
    b       main
.ltorg

.section .data
.balign 0x1000
root:                               // the kernel's memory, not for execution in user mode: devices, then RAM
    .quad   0x40000000000405, 0x40000040000401
    .fill   510, 8
.comm stack, 0x4000, 16
