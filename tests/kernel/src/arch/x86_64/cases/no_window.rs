// SPDX-License-Identifier: MIT OR Apache-2.0
//! CPUs without SMAP, where `stac` and `clac` are undefined instructions.

use alloc::string::String;

use axptr::FaultKind;

use crate::{
    arch::window,
    ensure,
    op::{BY_TABLE, Done},
    space,
};

/// That it ends at all shows that no copy, and no way through the vector, has used one of them.
pub fn without_smap_copies_never_touch_the_flag() -> Result<(), String> {
    ensure!(!window::is_enforced(), "CR4.SMAP on a CPU without SMAP");
    for (op, len) in BY_TABLE.into_iter().flat_map(|op| [1, 8, 60, 3000].map(|len| (op, len))) {
        for open in [false, true] {
            let (result, after) = window::with_flag(open, || {
                op.expect(space::RW.start(), len, &[], Done::all(len, 0))?;
                space::LAZY.renew();
                op.expect(space::LAZY.start(), len, &[], Done::all(len, 1))?;
                op.expect(space::HOLE.start(), len, &[], Done::stopped(0, FaultKind::NotPresent, 1))
            });
            result?;
            ensure!(after == open, "{op:?} of {len} bytes changed the flag from {open} to {after}");
        }
    }
    Ok(())
}
