// SPDX-License-Identifier: MIT OR Apache-2.0
//! Nobody has said that any bytes will do.
#[derive(Clone, Copy)]
struct Header {
    tag: u8,
    len: u32,
}

fn main() {
    let _ = axptr::UserPtr::<Header>::new(0x1000).read();
}
