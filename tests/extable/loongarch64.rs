// SPDX-License-Identifier: MIT OR Apache-2.0
//! What [`sites`](crate::sites) is made of on loongarch64.

/// Whether a fault of an instruction with two sides can be told to be one of its user side.
pub(crate) const TELLS_THE_ACCESS: bool = false;

// No instruction has two sides: a plain one stands for those that other machines have.
crate::sites::sites! {
    registers: {
        reads: "$t0", writes: "$t1", changes: "$t2", cause: "$a1",
        before: ["la.pcrel {insn}, 2f", "la.pcrel {landing}, 3f", "move $a1, $zero", "move $t2, $zero"],
        behind: ["move {faulted}, $zero", "3: li.w $t2, {tag}"],
    },
    load: "ld.bu $t2, $t0, 0",
    load_half: "ld.hu $t2, $t0, 0",
    store: "st.b $t2, $t1, 0",
    load_and_store: "ld.bu $t2, $t1, 0",
    to_kernel: "ld.bu $t2, $t0, 0",
    from_kernel: "st.b $t2, $t1, 0",
    two_loads: ["move $t0, $a1", "move $a1, $zero", "2: ld.d $t1, $a0, 0", "3: ld.d $t1, $t0, 0"],
    tells_the_cause: "move $a0, $a1",
    load_or: ["move $t0, $a0", "move $a0, $a1", "2: ld.d $a0, $t0, 0"],
}
