// SPDX-License-Identifier: MIT OR Apache-2.0
//! Code written for the earlier axptr, on a task's own address space.

use alloc::{boxed::Box, format, string::String, vec::Vec};

use axptr_legacy::CASES;

use crate::{
    arch::window,
    ensure,
    fault::{self, Traps},
    report::Case,
    task,
};

/// All cases of the crate `axptr-legacy`.
pub fn cases() -> Vec<Case> {
    let case = |&(name, case): &(&str, axptr_legacy::Case)| -> Case {
        (format!("legacy: {name}"), Box::new(move || run(case)))
    };
    CASES.iter().map(case).collect()
}

/// No page is touched before it is there, so nothing faults.
fn run(case: axptr_legacy::Case) -> Result<(), String> {
    let (result, traps) = task::with(|task| {
        let ((result, traps), _) = window::during(|| fault::counted(|| case(task)));
        (result, traps)
    });
    result?;
    ensure!(traps == Traps::NONE, "{traps:?}");
    let accessing = axptr::is_accessing_user_memory();
    ensure!(!accessing, "the flag is still set");
    Ok(())
}
