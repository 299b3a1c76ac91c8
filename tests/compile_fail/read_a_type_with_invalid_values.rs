// SPDX-License-Identifier: MIT OR Apache-2.0
//! A byte from user space may be 2.
fn main() {
    let _ = axptr::UserConstPtr::<bool>::new(0x1000).read();
}
