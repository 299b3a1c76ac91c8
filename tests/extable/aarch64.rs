// SPDX-License-Identifier: MIT OR Apache-2.0
//! What [`sites`](crate::sites) is made of on aarch64.

/// Whether a fault of an instruction with two sides can be told to be one of its user side.
pub(crate) const TELLS_THE_ACCESS: bool = false;

// No instruction reads at one address and writes at another: a plain one stands for those of other machines. The
// first half of an atomic stands for all of it: the second faults only where the first has not.
crate::sites::sites! {
    registers: {
        reads: "x9", writes: "x10", changes: "x11", cause: "x1",
        before: ["adr {insn}, 2f", "adr {landing}, 3f", "mov x1, #0", "mov x11, #0"],
        behind: ["mov {faulted}, #0", "3: mov w11, #{tag}"],
    },
    load: "ldrb w11, [x9]",
    load_half: "ldrh w11, [x9]",
    store: "strb w11, [x10]",
    load_and_store: "ldaxrb w11, [x10]",
    to_kernel: "ldrb w11, [x9]",
    from_kernel: "strb w11, [x10]",
    two_loads: ["mov x2, x0", "mov x3, x1", "mov x1, #0", "2: ldr x4, [x2]", "3: ldr x4, [x3]"],
    tells_the_cause: "mov x0, x1",
    load_or: ["mov x2, x0", "mov x0, x1", "2: ldr x0, [x2]"],
}
