// SPDX-License-Identifier: MIT OR Apache-2.0
//! Makes `axmm::AddrSpace` an address space for region mode and for pagers.

use axmm::AddrSpace;
use memory_addr::{MemoryAddr, VirtAddr};
use page_table_multiarch::MappingFlags;

use crate::{
    access::{range::UserRange, region::AddressSpace},
    extable::cause::Access,
};

/// Returns what an area, or a page, must permit.
fn required(access: Access) -> MappingFlags {
    MappingFlags::USER
        | match access {
            Access::Read => MappingFlags::READ,
            Access::Write => MappingFlags::WRITE,
        }
}

impl AddressSpace for AddrSpace {
    // `can_access_range` panics on a range that wraps, and refuses an empty one. A `UserRange` never wraps.
    fn check_region_access(&self, range: UserRange, access: Access) -> bool {
        range.is_empty() || self.can_access_range(range.start().into(), range.len(), required(access))
    }

    // Ask the page table before axmm. In axmm 0.3.0-preview.3, `handle_page_fault` gives a page that is already
    // present a fresh, zeroed frame. So call it for absent pages only. That loses nothing: axmm has no copy-on-write,
    // which would need the call for present pages. The caller holds the lock, so nobody maps the page between the two
    // calls.
    fn handle_fault(&mut self, addr: usize, access: Access) -> bool {
        let page = VirtAddr::from(addr).align_down_4k();
        match self.page_table().query(page) {
            Ok((_, flags, _)) => flags.contains(required(access)),
            Err(_) => self.handle_page_fault(page, required(access)),
        }
    }
}
