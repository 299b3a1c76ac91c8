// SPDX-License-Identifier: MIT OR Apache-2.0
//! The state that keeps kernel code away from user memory, on CPUs that have one.

use alloc::string::String;

use axptr::FaultKind;

use crate::{
    arch::window,
    ensure, fault,
    op::{BY_TABLE, Done, Op},
    space::{self, PAGE},
};

/// A length of each size class.
const LENGTHS: [usize; 7] = [1, 4, 8, 20, 60, 128, 3000];

/// Turns it on, and leaves it on for all cases to come.
pub fn a_copy_works_before_and_after_it_is_enforced() -> Result<(), String> {
    ensure!(!window::is_enforced(), "it is on already");
    succeed_and_fail()?;
    // SAFETY: these cases run on CPUs that have it.
    unsafe { window::enforce() };
    ensure!(window::is_enforced(), "it stays off");
    succeed_and_fail()
}

fn succeed_and_fail() -> Result<(), String> {
    every(|op, len| {
        succeed(op, len)?;
        fail(op, len)
    })
}

pub fn a_copy_leaves_the_window_closed() -> Result<(), String> {
    every(|op, len| {
        ensure!(!window::is_open(), "it was open before");
        for (what, step) in STEPS {
            step(op, len)?;
            ensure!(!window::is_open(), "{op:?} of {len} bytes left it open after {what}");
        }
        Ok(())
    })
}

pub fn a_copy_inside_an_open_window_leaves_it_open() -> Result<(), String> {
    every(|op, len| {
        for (what, step) in STEPS {
            let (result, still_open) = window::during(|| step(op, len));
            result?;
            ensure!(still_open, "{op:?} of {len} bytes closed the outer window after {what}");
        }
        Ok(())
    })
}

/// The guard for instructions of the kernel's own: it closes what it has opened, and nothing else.
pub fn a_guard_leaves_the_window_as_it_was() -> Result<(), String> {
    ensure!(!window::is_open(), "it was open before");
    {
        let outer = axptr::window::open();
        ensure!(window::is_open(), "the guard has not opened it");
        drop(axptr::window::open());
        ensure!(window::is_open(), "the inner guard has closed it");
        succeed(BY_TABLE[0], 8)?;
        ensure!(window::is_open(), "a copy inside has closed it");
        drop(outer);
    }
    ensure!(!window::is_open(), "the guard has left it open");
    let ((), still_open) = window::during(|| drop(axptr::window::open()));
    ensure!(still_open, "a guard has closed what others had opened");
    Ok(())
}

pub fn the_pager_runs_with_the_window_closed() -> Result<(), String> {
    every(|op, len| {
        for (what, step) in STEPS.into_iter().skip(1) {
            fault::last_call();
            step(op, len)?;
            let inner = fault::last_call();
            let (result, _) = window::during(|| step(op, len));
            result?;
            for (place, call) in [("closed", inner), ("open", fault::last_call())] {
                let Some(call) = call else {
                    return Err(alloc::format!("{op:?} has not asked the pager for {what}"));
                };
                ensure!(!call.window_open, "{op:?} of {len} from {place}, {what}: {call:x?}");
                ensure!(call.access == op.access, "{op:?} of {len}: {call:x?}");
            }
        }
        Ok(())
    })
}

type Step = fn(Op, usize) -> Result<(), String>;

const STEPS: [(&str, Step); 3] = [("success", succeed), ("a page that came", page_in), ("a fault", fail)];

fn succeed(op: Op, len: usize) -> Result<(), String> {
    op.expect(space::RW.start(), len, &[], Done::all(len, 0))
}

fn page_in(op: Op, len: usize) -> Result<(), String> {
    space::LAZY.renew();
    op.expect(space::LAZY.start(), len, &[], Done::all(len, 1))
}

fn fail(op: Op, len: usize) -> Result<(), String> {
    let good = len / 2;
    op.expect(space::EDGE_TO_HOLE.end() - good, len, &[], Done::stopped(good, FaultKind::NotPresent, 1))
}

fn every(mut check: impl FnMut(Op, usize) -> Result<(), String>) -> Result<(), String> {
    const { assert!(LENGTHS[LENGTHS.len() - 1] < PAGE) };
    BY_TABLE.into_iter().try_for_each(|op| LENGTHS.into_iter().try_for_each(|len| check(op, len)))
}
