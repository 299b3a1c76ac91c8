// SPDX-License-Identifier: MIT OR Apache-2.0
//! A copy by bytes, as a kernel writes it that has nothing better: `cargo xtask count` holds axptr's against it.

use core::arch::global_asm;

/// Copies `len` bytes from user address `src` to `dst`, inside the window, and returns how many it could not.
///
/// # Safety
///
/// `dst` is valid for writes of `len` bytes.
pub unsafe fn copy(dst: *mut u8, src: usize, len: usize) -> usize {
    // SAFETY: the caller vouches for `dst`; if a load faults, execution goes on behind the loop.
    unsafe { kernel_byte_loop(dst, src, len) }
}

unsafe extern "C" {
    fn kernel_byte_loop(dst: *mut u8, src: usize, len: usize) -> usize;
}

// kernel_byte_loop(rdi dst, rsi src, rdx len) -> rax bytes NOT copied; five instructions per byte.
// A landing is told the cause in rdx.
global_asm!(
    ".pushsection .text.kernel_byte_loop, \"ax\", @progbits",
    ".global kernel_byte_loop",
    ".type kernel_byte_loop, @function",
    "kernel_byte_loop:",
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
    "ret",
    ".size kernel_byte_loop, . - kernel_byte_loop",
    axptr::ex_entry!("2b", "3b", read),
    ".popsection",
);
