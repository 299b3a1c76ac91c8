// SPDX-License-Identifier: MIT OR Apache-2.0
//! A landing comes out of a table.
fn main() {
    let _ = axptr::extable::Landing { pc: 0, cause: 1 };
}
