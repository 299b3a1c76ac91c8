// SPDX-License-Identifier: MIT OR Apache-2.0
//! Which accesses `trap::selftest` has fault: one left out would leave a part of a trap handler without a test.

// Elsewhere other instructions stand for the same.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

#[expect(dead_code, reason = "the sweep needs more of it")]
mod support;

use axptr::{extable::Table, trap};
use axptr_cases::Handler;
use support::front::Front;

#[test]
fn each_way_to_access_user_memory_is_rehearsed() {
    let front = Front::new(Handler::Full);
    trap::selftest(0x40, |_| true, |pc| pc).expect("the handler is right");
    // Each by itself, once: routines that read, write, fill, and copy a string; seven single instructions with known
    // values in all registers; a load, a store and an atomic as the compiler inlines them. One of each is a no-fault form.
    let (mut routines, mut inlined) = (Kinds::default(), Kinds::default());
    for (insn, hits) in front.hits().into_iter().filter(|(_, hits)| *hits > 0) {
        let entry = Table::image().find(insn).expect("what was hit is in the table");
        assert_eq!(hits, 1, "{entry:?}");
        let kinds = if entry.is_inlined() { &mut inlined } else { &mut routines };
        *if entry.is_nofault() { &mut kinds.no_fault } else { &mut kinds.normal } += 1;
    }
    assert_eq!(routines, Kinds { normal: 4, no_fault: 1 });
    assert_eq!(inlined, Kinds { normal: 6 + 3, no_fault: 1 + 1 });
}

/// How many accesses have faulted.
#[derive(Debug, Default, PartialEq, Eq)]
struct Kinds {
    normal: usize,
    no_fault: usize,
}
