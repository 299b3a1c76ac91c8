// SPDX-License-Identifier: MIT OR Apache-2.0
//! The model: which bytes permit what. Nothing but the pages' kinds goes into it.

use axptr::Access;
use axptr_cases::{PAGE, PageKind};

/// Pages under test.
pub(crate) const PAGES: usize = 4;

/// What they permit, and where they are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layout {
    pub(crate) start: usize,
    pub(crate) kinds: [PageKind; PAGES],
}

/// The distance from `addr` to the first of `len` bytes that does not permit `access`, and its page's kind.
///
/// What lies outside of the layout permits nothing.
pub(crate) fn first_bad(
    layout: &Layout,
    addr: usize,
    len: usize,
    access: Access,
) -> Option<(usize, PageKind)> {
    (0..len).find_map(|distance| {
        let offset = addr.wrapping_add(distance).wrapping_sub(layout.start);
        let kind = layout.kinds.get(offset / PAGE).copied().unwrap_or(PageKind::Unmapped);
        let permits = match kind {
            PageKind::Good => true,
            PageKind::ReadOnly => access == Access::Read,
            _ => false,
        };
        (!permits).then_some((distance, kind))
    })
}
