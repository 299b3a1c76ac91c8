// SPDX-License-Identifier: MIT OR Apache-2.0
//! Makes `ax_mm::AddrSpace` an address space for region mode and for pagers.
//!
//! In ax-mm 0.8.4 with page-table-generic 0.9.1, a page of an area that is not populated never comes: `map_alloc` leaves
//! entries of 0, which `handle_page_fault` takes for unmapped. Region mode then ends in front of such a page with
//! [`NotPresent`](crate::FaultKind::NotPresent), as that kernel's own programs do.

use ax_hal::{
    mem::{MemoryAddr, VirtAddr},
    paging::MappingFlags,
    trap::PageFaultFlags,
};
use ax_mm::AddrSpace;

use crate::{
    access::{range::UserRange, region::AddressSpace},
    extable::cause::Access,
};

/// Returns what a fault from user mode would ask for.
fn fault(access: Access) -> PageFaultFlags {
    PageFaultFlags::USER
        | match access {
            Access::Read => PageFaultFlags::READ,
            Access::Write => PageFaultFlags::WRITE,
        }
}

/// Returns what an area, or a page, must permit.
fn required(access: Access) -> MappingFlags {
    fault(access).into()
}

impl AddressSpace for AddrSpace {
    // `can_access_range` panics on a range that wraps, and refuses an empty one. A `UserRange` never wraps.
    fn check_region_access(&self, range: UserRange, access: Access) -> bool {
        range.is_empty() || self.can_access_range(range.start().into(), range.len(), required(access))
    }

    // Ask the page table before ax-mm. In ax-mm 0.8.4, `handle_page_fault` gives a page that is already present a
    // fresh, zeroed frame. So call it for absent pages only. That loses nothing: ax-mm has no copy-on-write, which
    // would need the call for present pages. The caller holds the lock, so nobody maps the page between the two calls.
    fn handle_fault(&mut self, addr: usize, access: Access) -> bool {
        let page = VirtAddr::from(addr).align_down_4k();
        match self.mapping_flags(page) {
            Ok(flags) => flags.contains(required(access)),
            Err(_) => self.handle_page_fault(page, fault(access)),
        }
    }
}
