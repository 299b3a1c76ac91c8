// SPDX-License-Identifier: MIT OR Apache-2.0
//! Pages that something else than their protection guards, where this machine has it: a protection key. Memory tags have tests
//! of their own (`tests/mte.rs`): the emulator holds them against private memory only, and a site's is shared.

#[cfg_attr(target_arch = "x86_64", path = "keys.rs")]
#[cfg_attr(not(target_arch = "x86_64"), path = "none.rs")]
mod machine;

use axptr_cases::PageKind;

pub(crate) use machine::{PROTECTION, guard};

/// The kinds of pages that this thread can have.
pub(crate) fn kinds() -> &'static [PageKind] {
    const WITH_GUARDED: [PageKind; 7] = {
        let [a, b, c, d, e, f] = PageKind::ALL;
        [a, b, c, d, e, f, machine::KIND]
    };
    if machine::can_guard() { &WITH_GUARDED } else { &PageKind::ALL }
}
