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

// kernel_byte_loop(x0 dst, x1 src, x2 len) -> x0 bytes NOT copied; five instructions per byte.
// A landing is told the cause in x1. The load is as in the routines of axptr: unprivileged, without writeback.
global_asm!(
    ".pushsection .text.kernel_byte_loop, \"ax\", @progbits",
    ".global kernel_byte_loop",
    ".type kernel_byte_loop, @function",
    "kernel_byte_loop:",
    "mov x3, x1",
    "cbz x2, 3f",
    "2: ldtrb w4, [x3]",
    "strb w4, [x0], 1",
    "add x3, x3, 1",
    "subs x2, x2, 1",
    "b.ne 2b",
    "3: mov x0, x2",
    "ret",
    ".size kernel_byte_loop, . - kernel_byte_loop",
    axptr::ex_entry!("2b", "3b", read),
    ".popsection",
);
