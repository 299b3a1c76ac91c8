// SPDX-License-Identifier: MIT OR Apache-2.0
//! A range is a proof: only the check makes one.
fn main() {
    let _ = axptr::UserRange { start: 0xffff_8000_0000_0000, len: 8 };
}
