// SPDX-License-Identifier: MIT OR Apache-2.0
//! The instructions of [`byte_loop`](crate::byte_loop).

// (rdi dst, rsi src, rdx len) -> rax bytes NOT copied. A landing is told the cause in rdx.
crate::asm::function!(kernel_byte_loop, read:
    "mov rax, rdx",
    "xor ecx, ecx",
    "test rax, rax",
    "jz 3f",
    "2: mov r8b, byte ptr [rsi + rcx]",
    "mov byte ptr [rdi + rcx], r8b",
    "inc rcx",
    "cmp rcx, rax",
    "jne 2b",
    "3: sub rax, rcx",
);
