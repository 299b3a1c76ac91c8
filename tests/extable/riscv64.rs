// SPDX-License-Identifier: MIT OR Apache-2.0
//! What [`sites`](crate::sites) is made of on riscv64.

/// Whether a fault of an instruction with two sides can be told to be one of its user side.
pub(crate) const TELLS_THE_ACCESS: bool = false;

// No instruction has two sides: a plain one stands for those that other machines have.
crate::sites::sites! {
    registers: {
        reads: "t0", writes: "t1", changes: "t2", cause: "a1",
        before: ["lla {insn}, 2f", "lla {landing}, 3f", "li a1, 0", "li t2, 0"],
        behind: ["li {faulted}, 0", "3: li t2, {tag}"],
    },
    load: "lbu t2, 0(t0)",
    load_half: "lhu t2, 0(t0)",
    store: "sb t2, 0(t1)",
    load_and_store: "lbu t2, 0(t1)",
    to_kernel: "lbu t2, 0(t0)",
    from_kernel: "sb t2, 0(t1)",
    two_loads: ["mv t0, a1", "li a1, 0", "2: ld t1, 0(a0)", "3: ld t1, 0(t0)"],
    tells_the_cause: "mv a0, a1",
    load_or: ["mv t0, a0", "mv a0, a1", "2: ld a0, 0(t0)"],
}
