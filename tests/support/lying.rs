// SPDX-License-Identifier: MIT OR Apache-2.0
//! A trap frame that breaks its contract: `set_cause` writes another register than it should.
//!
//! Nothing can make a routine right whose registers are spoiled. But no count that safe code gets is more than was
//! asked for: it would slice, or assume to be written, by it.

use std::{ffi::CStr, sync::atomic::Ordering};

use axptr::{
    Access, Fault, UserConstPtr, compare_user, copy_from_user, copy_from_user_uninit, copy_in_user,
    copy_to_user, cstr::StringError, fill_user,
};
use axptr_cases::{Handler, PAGE, PageKind, Site};

use crate::support::{
    front::{Front, WRONG_COUNT},
    site::HostedSite,
};

#[test]
fn a_wrong_register_never_makes_more_done_than_was_asked_for() {
    let _front = Front::new(Handler::Full);
    let mut site = HostedSite::new(Handler::Full);
    let good = site.map(&[PageKind::Good; 2]);
    // From its first byte on: nothing is left to do in front of an edge, whatever the count.
    let bad = site.map(&[PageKind::Unmapped; 2]);
    for path in axptr::internal::cpu_paths() {
        path.force();
        for len in [1, 2, 3, 4, 7, 8, 9, 16, 17, 32, 33, 64, 65, 128, 129, 200, 512, 513, 1000, PAGE] {
            for count in [1, len, len + 1, 2 * len, PAGE + 1, isize::MAX as usize, 1 << 63, usize::MAX] {
                WRONG_COUNT.store(count, Ordering::Relaxed);
                check(good, bad, len, &format!("{len} bytes, count {count:#x}, {}", path.name()));
                WRONG_COUNT.store(0, Ordering::Relaxed);
            }
        }
    }
}

fn check(good: usize, bad: usize, len: usize, what: &str) {
    // More than a count in one page could make of it.
    let mut buffer = vec![0_u8; 2 * PAGE];
    let mut uninit = Box::<[u8]>::new_uninit_slice(2 * PAGE);
    let within = |result: Result<(), Fault>, start: usize, access: Access| {
        let Err(fault) = result else { return };
        assert!(fault.done <= len, "{what}: {fault:?}");
        assert_eq!((fault.addr, fault.access), (start + fault.done, access), "{what}");
    };
    let (read, write) = (Access::Read, Access::Write);
    within(copy_from_user(&mut buffer[..len], bad), bad, read);
    within(copy_from_user_uninit(&mut uninit[..len], bad).map(|_| ()), bad, read);
    within(copy_to_user(bad, &buffer[..len]), bad, write);
    within(fill_user(bad, 1, len), bad, write);
    within(compare_user(bad, &buffer[..len]).map(|_| ()), bad, read);
    for result in [copy_in_user(good, bad, len), copy_in_user(bad, good, len)] {
        assert!(result.map_or_else(|fault| fault.done, |()| len) <= len, "{what}");
    }
    let bytes = UserConstPtr::<u8>::from(bad);
    within(bytes.slice(len).and_then(|slice| slice.read_into(&mut buffer[..len])).map(|_| ()), bad, read);
    for string in [bytes.as_cstr().len(len), bytes.as_cstr().read(&mut buffer[..len]).map(CStr::count_bytes)]
    {
        match string {
            Ok(bytes) => assert!(bytes < len, "{what}: a string of {bytes}"),
            Err(StringError::Fault(fault)) => within(Err(fault), bad, read),
            Err(_) => {}
        }
    }
}
