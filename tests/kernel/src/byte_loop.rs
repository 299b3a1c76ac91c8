// SPDX-License-Identifier: MIT OR Apache-2.0
//! A copy by bytes, as a kernel writes it that has nothing better: `cargo xtask count` holds axptr's against it.

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
    /// Of five instructions per byte, a machine's each: `arch::byte_loop`.
    fn kernel_byte_loop(dst: *mut u8, src: usize, len: usize) -> usize;
}
