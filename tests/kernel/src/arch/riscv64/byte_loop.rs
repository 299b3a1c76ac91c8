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

// kernel_byte_loop(a0 dst, a1 src, a2 len) -> a0 bytes NOT copied; five instructions per byte.
// A landing is told the cause in a1.
global_asm!(
    ".pushsection .text.kernel_byte_loop, \"ax\", @progbits",
    ".global kernel_byte_loop",
    ".type kernel_byte_loop, @function",
    "kernel_byte_loop:",
    "mv a3, a1",
    "add a2, a2, a1",
    "beq a3, a2, 3f",
    "2: lbu a4, 0(a3)",
    "sb a4, 0(a0)",
    "addi a3, a3, 1",
    "addi a0, a0, 1",
    "bne a3, a2, 2b",
    "3: sub a0, a2, a3",
    "ret",
    ".size kernel_byte_loop, . - kernel_byte_loop",
    axptr::ex_entry!("2b", "3b", read),
    ".popsection",
);
