// SPDX-License-Identifier: MIT OR Apache-2.0
//! The no-fault forms: no page comes, and nobody is asked.

use alloc::{string::String, vec};

use axptr::{
    FaultKind,
    raw::{self, Outcome, nofault},
};

use crate::{
    ensure,
    fault::{self, Traps},
    op::pattern,
    space::{self, PAGE},
};

const LEN: usize = 200;

/// A user range of [`LEN`] bytes, and as much kernel memory.
type Form = fn(user: usize, kernel: &mut [u8; LEN]) -> Outcome;

/// Each no-fault form with the normal one.
const FORMS: [(&str, Form, Form); 5] = [
    (
        "copy_from_user",
        // SAFETY: (1) `LEN` bytes; (2) user memory.
        |user, kernel| unsafe { nofault::copy_from_user(kernel.as_mut_ptr(), user, LEN) },
        // SAFETY: (1) `LEN` bytes; (2) user memory.
        |user, kernel| unsafe { raw::copy_from_user(kernel.as_mut_ptr(), user, LEN) },
    ),
    (
        "copy_to_user",
        // SAFETY: (1) `LEN` bytes; (2) user memory.
        |user, kernel| unsafe { nofault::copy_to_user(user, kernel.as_ptr(), LEN) },
        // SAFETY: (1) `LEN` bytes; (2) user memory.
        |user, kernel| unsafe { raw::copy_to_user(user, kernel.as_ptr(), LEN) },
    ),
    (
        "fill_user",
        // SAFETY: (1) user memory.
        |user, kernel| unsafe { nofault::fill_user(user, kernel[0], LEN) },
        // SAFETY: (1) user memory.
        |user, kernel| unsafe { raw::fill_user(user, kernel[0], LEN) },
    ),
    (
        "copy_in_user, source",
        // SAFETY: (1) user memory.
        |user, _| unsafe { nofault::copy_in_user(space::RW.start(), user, LEN) },
        // SAFETY: (1) user memory.
        |user, _| unsafe { raw::copy_in_user(space::RW.start(), user, LEN) },
    ),
    (
        "copy_in_user, destination",
        // SAFETY: (1) user memory.
        |user, _| unsafe { nofault::copy_in_user(user, space::RW.start(), LEN) },
        // SAFETY: (1) user memory.
        |user, _| unsafe { raw::copy_in_user(user, space::RW.start(), LEN) },
    ),
];

pub fn an_absent_page_is_a_fault_at_once_and_stays_absent() -> Result<(), String> {
    for (name, nofault, normal) in FORMS {
        for before in [0, 1, 8, 77, LEN - 1] {
            space::EDGE_TO_LAZY.renew();
            space::LAZY_AFTER_EDGE.renew();
            let absent = space::LAZY_AFTER_EDGE.start();
            let user = absent - before;
            let mut kernel = [0x42; LEN];
            fault::last_call();
            let (outcome, traps) = fault::counted(|| nofault(user, &mut kernel));
            ensure!(
                outcome.left() == LEN - before && outcome.kind() == fault::told(FaultKind::NotPresent),
                "{name}, {before} bytes in front: {outcome:?}"
            );
            let call = fault::last_call();
            ensure!(traps == Traps::pages(1) && call.is_none(), "{name}: {traps:?}, {call:x?}");
            ensure!(!space::is_present(absent), "{name} has made a page");
            ensure!(!axptr::is_accessing_user_memory(), "{name}: the flag is still set");

            let (outcome, traps) = fault::counted(|| normal(user, &mut kernel));
            ensure!(outcome.left() == 0 && traps == Traps::pages(1), "{name}: {outcome:?}, {traps:?}");
            let asked = fault::last_call().is_some();
            ensure!(asked && space::is_present(absent), "{name}, normal: asked the pager: {asked}");
            let (outcome, traps) = fault::counted(|| nofault(user, &mut kernel));
            ensure!(outcome.left() == 0 && traps == Traps::NONE, "{name}: {outcome:?}, {traps:?} then");
        }
    }
    Ok(())
}

/// The pager would wait for the lock for ever; here it would say that it is held.
pub fn it_needs_no_lock_that_the_caller_holds() -> Result<(), String> {
    for (name, nofault, _) in FORMS {
        space::LAZY_AFTER_EDGE.renew();
        let bytes = pattern(PAGE);
        space::poke(space::EDGE_TO_LAZY.start(), &bytes);
        let mut kernel = [0x42; LEN];
        fault::last_call();
        let locked = space::space().lock();
        let outcomes = [space::EDGE_TO_LAZY.end() - LEN, space::EDGE_TO_LAZY.end() - 50, space::HOLE.start()]
            .map(|user| nofault(user, &mut kernel).left());
        drop(locked);
        let call = fault::last_call();
        ensure!(outcomes == [0, LEN - 50, LEN] && call.is_none(), "{name}: {outcomes:?}, {call:x?}");
    }
    // What was read under the lock is right.
    let bytes = pattern(PAGE);
    space::poke(space::EDGE_TO_LAZY.start(), &bytes);
    let mut read = vec![0; PAGE];
    let locked = space::space().lock();
    // SAFETY: (1) a page; (2) user memory.
    let outcome = unsafe { nofault::copy_from_user(read.as_mut_ptr(), space::EDGE_TO_LAZY.start(), PAGE) };
    drop(locked);
    ensure!(outcome.left() == 0 && read == bytes, "{outcome:?}");
    Ok(())
}
