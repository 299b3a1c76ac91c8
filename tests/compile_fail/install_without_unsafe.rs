// SPDX-License-Identifier: MIT OR Apache-2.0
//! From then on safe code may write to any address: somebody must answer for it.
fn main() {
    let _ = axptr::hosted::install();
}
