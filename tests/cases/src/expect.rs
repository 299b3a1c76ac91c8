// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a fault must say, by what the site's handler tells.

use alloc::string::String;

use axptr::{Access, Fault, FaultKind};

use crate::{
    area::Area,
    ensure::ensure,
    site::{Handler, PageKind, Site},
};

/// The fault of an access to `len` bytes at `offset`, if one is due, lazy pages staying away from no-fault
/// forms.
pub(crate) fn due(
    site: &dyn Site,
    area: &Area,
    offset: usize,
    len: usize,
    access: Access,
    nofault: bool,
) -> Option<Fault> {
    let lazy_comes = !nofault || !site.lazy_needs_pager();
    let (copied, kind) = area.first_bad_if(offset..offset + len, access, lazy_comes)?;
    let kind = match site.handler() {
        Handler::Full => kind,
        Handler::PcOnly => FaultKind::Unknown,
        Handler::SubPage => FaultKind::Misaligned,
    };
    Some(fault(area.at(offset), copied, access, kind))
}

/// A fault after `copied` bytes from `start` on.
pub(crate) fn fault(start: usize, copied: usize, access: Access, kind: FaultKind) -> Fault {
    // There is no constructor: a refused range gives one to change.
    let mut fault = axptr::copy_from_user(&mut [0], usize::MAX).expect_err("no byte is there");
    (fault.done, fault.addr, fault.access, fault.kind) = (copied, start.wrapping_add(copied), access, kind);
    fault
}

/// What an access to a page that is not mapped ends in. Not every machine tells it from a forbidden one.
pub(crate) fn absence(site: &dyn Site) -> FaultKind {
    site.refusal(PageKind::Unmapped, Access::Read).expect("no site lets one read it")
}

/// What a store to a page that may only be read ends in. Not every machine tells it from an absent one.
pub(crate) fn write_protection(site: &dyn Site) -> FaultKind {
    site.refusal(PageKind::ReadOnly, Access::Write).expect("no site lets one write it")
}

/// Demands `least..=most` traps; of a handler whose causes end inside of pages, no number.
pub(crate) fn demand_traps(
    site: &dyn Site,
    before: usize,
    range: core::ops::RangeInclusive<usize>,
) -> Result<(), String> {
    let traps = site.traps() - before;
    let counted = site.handler() != Handler::SubPage;
    ensure!(!counted || range.contains(&traps), "{traps} traps, expected {range:?}");
    Ok(())
}
