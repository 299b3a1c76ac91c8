// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a system call only reads, it does not write.
fn main() {
    let _ = axptr::UserConstPtr::<u32>::new(0x1000).write(1);
}
