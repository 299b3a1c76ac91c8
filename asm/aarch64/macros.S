// SPDX-License-Identifier: MIT OR Apache-2.0
// Shared by every routine, beside asm/entry.S.
//
// Before this file, the Rust side sets AXPTR_KERNEL to 1 (a kernel) or 0 (a Linux process), and AXPTR_WIDE to 1 if vector
// registers may be used. It passes its constants, and the address of its CPU feature byte, {cpu}.
//
// Registers that every routine keeps to. A landing finds them as the last finished piece left them:
//   x0       result: bytes not done
//   x1       the cause: 0 until the trap handler writes it on the way to a landing
//   x2       bytes still to do
//   x3, x4   source, destination
//   x5-x7    scratch
//   x8-x15   data; v0-v7 as well, if AXPTR_WIDE
//
// Only unprivileged instructions access user memory (LDTR, STTR; Arm ARM C3.2.6). The CPU checks them as accesses of
// EL0. So PAN stays on, no window exists, and memory that only the kernel may access refuses them. In a process (EL0)
// they are plain loads and stores. They have no pair form, no writeback, and no form for vector registers. So those are for
// processes only, where LDR, LDP and STR are the same access.
//
// User stores are naturally aligned, so each is done whole or not at all. An unaligned store that straddles two pages,
// or two tag granules, may leave the good part behind (Arm ARM B2.2.1: only an aligned access is single-copy atomic).
// Loads may be unaligned, and so may accesses to kernel memory: SCTLR_EL1.A is 0.

axptr_hidden {cpu}
axptr_hidden {mops_state}

// Entry flags, beside those of asm/entry.S.
.set AXPTR_STRICT, {strict}             // the instruction accesses kernel memory too

// Bits of a cause: it may end inside a page; the access was a write. Then the longest distance from the start of the
// rest to the end of an access of a class that loads before it stores.
.set AXPTR_SUB_PAGE_BIT, 7
.set AXPTR_CAUSE_WRITE_BIT, 9
.if AXPTR_WIDE
.set AXPTR_REACH, 128
.else
.set AXPTR_REACH, 64
.endif

// One piece: `u` is the unprivileged instruction for the user side, `k` the plain one for the kernel side.
.macro axptr_piece routine, flags, landing, u, k, operands:vararg
    .if \flags
    axptr_access \routine, \flags, \landing, \u \operands
    .else
    \k \operands
    .endif
.endm

// Where an indirect branch may go to: a linker puts one before a call that is too far. With BTI such a target begins with
// `bti c` (Arm ARM D8.4.4), which other CPUs take for a hint. Landings need none: ERET brings back the BTYPE of the access,
// which is 0, because the instruction behind a branch is this one.
.macro axptr_branch_target
    .if {branch_targets}
    hint    34                          // bti c
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

// Landings of stores: the bytes of the piece that were stored before. The landing for 0 bytes follows.
.macro axptr_stored_landings routine
    axptr_stored_landing \routine, 56
    axptr_stored_landing \routine, 48
    axptr_stored_landing \routine, 40
    axptr_stored_landing \routine, 32
    axptr_stored_landing \routine, 24
    axptr_stored_landing \routine, 16
    axptr_stored_landing \routine, 8
.endm

.macro axptr_stored_landing routine, done
.Lstored\done\()_\routine:
    mov     w5, \done
    b       .Lstored_\routine
.endm

// w7 = {cpu}. It asks the CPU once: {cpu} is 0 until then, so it needs no initialisation. Clobbers x5 and x15.
.macro axptr_know_cpu
    adrp    x5, {cpu}
    ldrb    w7, [x5, :lo12:{cpu}]
    cbnz    w7, 9f
    mov     x15, x30
    bl      __axptr_ask_cpu
    mov     x30, x15
9:
.endm

// Copies the bytes before an edge, if the faulting access could reach the edge. x7 is the number of these bytes, x5 the
// reach. The bytes behind the edge are left.
.macro axptr_up_to_edge routine
.Lup_to_edge_\routine:
    cbz     x7, .Lrest_\routine         // the page that begins here is the bad one
    cmp     x7, x5
    b.hs    .Lrest_\routine
    subs    x6, x2, x7
    b.ls    .Lrest_\routine
    mov     x2, x7
    b       .Lbytes_\routine
.endm
