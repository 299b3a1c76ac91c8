// SPDX-License-Identifier: MIT OR Apache-2.0
//! What each set of features has.

fn main() {
    let fault = axptr::UserConstPtr::<u32>::from(8).read().unwrap_err();
    assert_eq!((fault.errno(), fault.kind), (14, axptr::FaultKind::NotSetUp));
}
