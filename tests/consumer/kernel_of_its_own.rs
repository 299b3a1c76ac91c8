// SPDX-License-Identifier: MIT OR Apache-2.0
//! A kernel whose target has an operating system: what a kernel has is there.

fn main() {
    // SAFETY: (1) nothing runs: this is compiled only.
    unsafe { axptr::set_user_limit(axptr::DEFAULT_USER_LIMIT) };
    axptr::window::suspend().resume();
    let _ = axptr::copy_to_user(0x1000, b"bytes");
    #[cfg(of_a_process)]
    let _ = axptr::hosted::install;
}
