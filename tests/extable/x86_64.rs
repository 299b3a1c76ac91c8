// SPDX-License-Identifier: MIT OR Apache-2.0
//! What [`sites`](crate::sites) is made of on x86_64.

/// Whether a fault of an instruction with two sides can be told to be one of its user side.
pub(crate) const TELLS_THE_ACCESS: bool = true;

crate::sites::sites! {
    registers: {
        reads: "rsi", writes: "rdi", changes: "rax", cause: "rdx",
        before: ["lea {insn}, [rip + 2f]", "lea {landing}, [rip + 3f]", "xor eax, eax", "xor edx, edx"],
        behind: ["xor {faulted:e}, {faulted:e}", "3: nop dword ptr [rax + {tag}]"],
    },
    load: "mov al, byte ptr [rsi]",
    load_half: "movzx eax, word ptr [rsi]",
    store: "mov byte ptr [rdi], al",
    load_and_store: "lock add byte ptr [rdi], al",
    to_kernel: "movsb",
    from_kernel: "movsb",
    two_loads: ["xor edx, edx", "2: mov rax, qword ptr [rdi]", "3: mov rax, qword ptr [rsi]"],
    tells_the_cause: "mov rax, rdx",
    load_or: ["mov rax, rsi", "2: mov rax, qword ptr [rdi]"],
}
