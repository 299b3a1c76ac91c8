// SPDX-License-Identifier: MIT OR Apache-2.0
//! `ACCESSING_USER_MEM`, for kernels that read it.

use alloc::string::String;

use axptr::{FaultKind, is_accessing_user_memory};

use crate::{
    ensure, fault,
    op::{BY_REGION, BY_TABLE, Done},
    space,
};

pub fn it_is_set_during_an_access_only() -> Result<(), String> {
    ensure!(!is_accessing_user_memory(), "set before any access");
    for op in BY_TABLE {
        space::LAZY.renew();
        fault::last_call();
        op.expect(space::LAZY.start(), 100, &[], Done::all(100, 1))?;
        ensure!(!is_accessing_user_memory(), "{op:?}: still set after a success");
        let accessing = fault::last_call().map(|call| call.accessing);
        ensure!(accessing == Some(true), "{op:?}: {accessing:?} in the pager, success");

        op.expect(space::HOLE.start(), 100, &[], Done::stopped(0, FaultKind::NotPresent, 1))?;
        ensure!(!is_accessing_user_memory(), "{op:?}: still set after a fault");
        let accessing = fault::last_call().map(|call| call.accessing);
        ensure!(accessing == Some(true), "{op:?}: {accessing:?} in the pager, fault");
    }
    for op in BY_TABLE.into_iter().chain(BY_REGION) {
        op.expect(space::RW.start(), 100, &[], Done::all(100, 0))?;
        ensure!(!is_accessing_user_memory(), "{op:?}: still set");
        op.expect(usize::MAX, 100, &[], Done::stopped(0, FaultKind::OutOfRange, 0))?;
        ensure!(!is_accessing_user_memory(), "{op:?}: still set after a refusal");
    }
    Ok(())
}

/// The pager reads what it pages in through the same copies.
pub fn an_access_of_the_pagers_leaves_it_set() -> Result<(), String> {
    for op in BY_TABLE {
        space::LAZY.renew();
        fault::before_next_page(|| {
            let still = |when| assert!(is_accessing_user_memory(), "cleared {when}");
            still("before the pager's access");
            let mut bytes = [0; 40];
            assert_eq!(axptr::copy_from_user(&mut bytes, space::RW.start()), Ok(()));
            still("by a success");
            assert!(axptr::copy_from_user(&mut bytes, space::HOLE.start()).is_err());
            still("by a fault");
            assert_eq!(axptr::fill_user(space::LAZY.page(1), 1, 1), Ok(()));
            still("by a page that came");
        });
        op.expect(space::LAZY.start(), 100, &[0; 100], Done::all(100, 3))?;
        ensure!(fault::detour_taken(), "{op:?} has not asked the pager");
        ensure!(!is_accessing_user_memory(), "{op:?}: still set");
    }
    Ok(())
}
