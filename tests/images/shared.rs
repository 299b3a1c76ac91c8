// SPDX-License-Identifier: MIT OR Apache-2.0
//! A Rust `dylib` with the process's copy of axptr.

pub use axptr;

/// Installs the handler from this image's own code.
#[inline(never)]
pub fn install_here() {
    // SAFETY: (1) the programs pass addresses at which nothing is mapped, and of words that nobody writes.
    unsafe { axptr::hosted::install() }.unwrap();
}

/// Whether this image is served.
#[inline(never)]
pub fn is_right_here() -> bool {
    axptr::selftest() == Ok(()) && axptr::copy_from_user(&mut [0; 300], 0x18).is_err()
}
