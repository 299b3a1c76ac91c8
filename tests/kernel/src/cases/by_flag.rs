// SPDX-License-Identifier: MIT OR Apache-2.0
//! A kernel that decides by the flag, as those of the earlier axptr's time do; nothing of axptr's handles faults.

use alloc::{string::String, vec};

use axptr::{Fault, FaultKind, is_accessing_user_memory, region};

use crate::{
    arch::{Features, window},
    ensure,
    fault::{self, Traps},
    op::pattern,
    space::PAGE,
    task::{self, READ_ONLY, READ_WRITE, Task},
};

/// From here on, as in the other mode.
pub fn user_memory_is_closed_where_the_cpu_can() -> Result<(), String> {
    let has_window = Features::of_this_cpu().window;
    if has_window {
        // SAFETY: the CPU has one.
        unsafe { window::enforce() };
    }
    ensure!(window::is_enforced() == has_window, "{}", window::is_enforced());
    Ok(())
}

/// An access to `len` bytes of user memory.
type Access = fn(user: usize, len: usize) -> Result<(), Fault>;

const ACCESSES: [(&str, Access); 4] = [
    ("copy_from_user", |user, len| axptr::copy_from_user(&mut vec![0xee; len], user)),
    ("copy_to_user", |user, len| axptr::copy_to_user(user, &vec![0xee; len])),
    ("fill_user", |user, len| axptr::fill_user(user, 0xee, len)),
    ("copy_in_user", |user, len| axptr::copy_in_user(user, user + 8 * PAGE, len)),
];

pub fn pages_come_during_every_copy() -> Result<(), String> {
    for (name, access) in ACCESSES {
        for len in [1, 8, 100, PAGE] {
            task::with(|task| {
                let addr = task::map(task, 0, 1, READ_WRITE, false);
                task::map(task, 8, 1, READ_WRITE, true);
                let before = fault::passed_on();
                ensure!(!is_accessing_user_memory(), "{name}: set before");
                let (result, traps) = fault::counted(|| access(addr, len));
                let handled = fault::passed_on() - before;
                ensure!(
                    result == Ok(()) && traps == Traps::pages(1) && handled == 1,
                    "{name} of {len}: {result:x?}, {traps:?}, {handled} handled"
                );
                ensure!(!is_accessing_user_memory(), "{name}: still set");
                ensure!(!window::is_open(), "{name}: the window is open");
                Ok(())
            })?;
        }
    }
    Ok(())
}

pub fn many_pages_come_without_losing_a_byte() -> Result<(), String> {
    task::with(|task| {
        let addr = task::map(task, 0, 7, READ_WRITE, false);
        let bytes = pattern(5 * PAGE);
        let (written, traps) = fault::counted(|| axptr::copy_to_user(addr + 100, &bytes));
        ensure!(written == Ok(()) && traps == Traps::pages(6), "{written:x?}, {traps:?}");
        let mut back = vec![0; bytes.len()];
        let (read, traps) = fault::counted(|| axptr::copy_from_user(&mut back, addr + 100));
        ensure!(read == Ok(()) && traps == Traps::NONE && back == bytes, "{read:x?}, {traps:?}");
        Ok(())
    })
}

/// The handler says no before it looks at anything; `mode=panic-no-flag` shows what becomes of such a fault.
pub fn the_pages_of_no_access_do_not_come() -> Result<(), String> {
    task::with(|task: &Task| {
        let addr = task::map(task, 0, 1, READ_WRITE, false);
        for (is_user, expected) in [(false, false), (true, true)] {
            let handled = axptr_legacy::handle_page_fault(task, addr.into(), READ_WRITE, is_user);
            ensure!(handled == expected, "user space: {is_user}, handled: {handled}");
            ensure!(task::is_present(task, addr) == expected, "user space: {is_user}: the page");
        }
        Ok(())
    })
}

/// All that user space can get wrong is an `Err`, as it was.
pub fn region_mode_refuses_without_a_fault() -> Result<(), String> {
    task::with(|task| {
        let addr = task::map(task, 0, 2, READ_WRITE, false);
        let read_only = task::map(task, 4, 1, READ_ONLY, true);
        for (start, len, expected) in [
            (addr, 2 * PAGE, None),
            (addr + 1, 2 * PAGE, Some(FaultKind::Permission)),
            (read_only, 1, Some(FaultKind::Permission)),
            (read_only + PAGE, 1, Some(FaultKind::Permission)),
            (usize::MAX, 2, Some(FaultKind::OutOfRange)),
        ] {
            let (result, traps) = fault::counted(|| region::fill_user(task, start, 1, len));
            let kind = result.err().map(|fault| fault.kind);
            ensure!(kind == expected && traps == Traps::NONE, "{len} at {start:#x}: {result:x?}, {traps:?}");
        }
        Ok(())
    })
}
