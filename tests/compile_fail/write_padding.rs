// SPDX-License-Identifier: MIT OR Apache-2.0
//! The three bytes behind `tag` hold what the kernel's stack held before.
#[derive(Clone, Copy)]
#[repr(C)]
struct Header {
    tag: u8,
    len: u32,
}

fn main() {
    let _ = axptr::UserPtr::<Header>::new(0x1000).write(Header { tag: 1, len: 2 });
}
