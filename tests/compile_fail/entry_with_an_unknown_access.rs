// SPDX-License-Identifier: MIT OR Apache-2.0
//! The macro knows five kinds of access.
fn main() {
    let _ = axptr::ex_entry!("2b", "3b", execute);
}
