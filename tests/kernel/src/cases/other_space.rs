// SPDX-License-Identifier: MIT OR Apache-2.0
//! An address space that is not axmm's.

use alloc::string::String;

use axalloc::GlobalPage;
use axhal::mem::virt_to_phys;
use axptr::{
    Access, FaultKind, UserPtr, UserRange,
    region::{self, AddressSpace},
};

use crate::{
    ensure,
    fault::{self, Traps},
    op::pattern,
    pte,
    space::{self, PAGE},
};

/// One page of user memory, in a page table that it edits itself.
struct OnePage {
    addr: usize,
    frame: GlobalPage,
    mapped: bool,
}

impl AddressSpace for OnePage {
    fn check_region_access(&self, range: UserRange, _: Access) -> bool {
        self.addr <= range.start() && range.start() + range.len() <= self.addr + PAGE
    }

    fn handle_fault(&mut self, addr: usize, _: Access) -> bool {
        let ours = addr.wrapping_sub(self.addr) < PAGE;
        self.mapped |= ours && pte::map_user(self.addr, self.frame.start_paddr(virt_to_phys));
        ours && self.mapped
    }
}

impl Drop for OnePage {
    fn drop(&mut self) {
        if self.mapped {
            pte::unmap(self.addr);
        }
    }
}

pub fn an_address_space_without_axmm_will_do() -> Result<(), String> {
    // An area whose page tables are there, and whose pages are not.
    space::LAZY.renew();
    let addr = space::LAZY.page(3);
    let frame = GlobalPage::alloc_zero().expect("a free page");
    let mut space = OnePage { addr, frame, mapped: false };

    let bytes = pattern(1000);
    let mut back = [0; 1000];
    let (results, traps) = fault::counted(|| {
        let written = region::copy_to_user(&mut space, addr + 9, &bytes);
        (written, region::copy_from_user(&mut space, &mut back, addr + 9))
    });
    ensure!(results == (Ok(()), Ok(())) && traps == Traps::NONE, "{results:?}, {traps:?}");
    ensure!(back == *bytes && space.frame.as_slice()[9..1009] == *bytes, "wrong bytes");

    let ptr = UserPtr::<u32>::new(addr + 2000);
    let value = ptr.write_in(&mut space, 77).and_then(|()| ptr.read_in(&mut space));
    ensure!(value == Ok(77), "{value:?}");

    let outside = region::fill_user(&mut space, addr + PAGE - 4, 1, 8);
    let refused = outside.is_err_and(|fault| fault.done == 0 && fault.kind == FaultKind::Permission);
    ensure!(refused, "outside: {outside:?}");
    Ok(())
}
