// SPDX-License-Identifier: MIT OR Apache-2.0
//! User space must not choose what a reference points to.
fn main() {
    let _ = axptr::UserConstPtr::<&u32>::new(0x1000).read();
}
