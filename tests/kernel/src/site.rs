// SPDX-License-Identifier: MIT OR Apache-2.0
//! This kernel as a place for the cases that the hosted tests run too.

use alloc::alloc::{Layout, alloc};
use core::{ops::Range, ptr::NonNull};

use axhal::{
    mem::{PhysAddr, phys_to_virt, virt_to_phys},
    paging::MappingFlags,
};
use axptr::{Access, FaultKind};
use axptr_cases::{Handler, PageKind, Site};
use lazyinit::LazyInit;
use memory_addr::va;

use crate::{
    arch::{self, window},
    fault::{self, Traps},
    line, pte,
    space::{self, LARGE, PAGE, SCRATCH},
};

/// Pages of all kinds in [`SCRATCH`], as long as it lives.
#[derive(Debug)]
pub struct KernelSite {
    next: usize,
    large: Option<pte::Changed>,
}

/// The memory of the larger page. It is never freed.
fn large_frame() -> PhysAddr {
    static FRAME: LazyInit<PhysAddr> = LazyInit::new();
    FRAME.call_once(|| {
        let layout = Layout::from_size_align(2 * LARGE.len(), PAGE).expect("a size that there is");
        // SAFETY: the size is not 0.
        let memory = unsafe { alloc(layout) }.expose_provenance();
        assert_ne!(memory, 0, "no memory for a larger page");
        virt_to_phys(va!(memory.next_multiple_of(LARGE.len())))
    });
    *FRAME
}

impl KernelSite {
    /// A place without any page.
    pub fn new() -> Self {
        Self { next: SCRATCH.page(1), large: None }
    }
}

impl Drop for KernelSite {
    fn drop(&mut self) {
        SCRATCH.renew();
    }
}

// SAFETY: (1) nothing else uses `SCRATCH`, and no range of it is given twice. (2) A window is the kernel's
// own mapping of all memory.
unsafe impl Site for KernelSite {
    fn map(&mut self, kinds: &[PageKind]) -> usize {
        let start = self.next;
        // A page that is not there lies between this and the next.
        self.next += (kinds.len() + 1) * PAGE;
        assert!(self.next <= SCRATCH.end(), "SCRATCH is too small");
        let areas = &mut space::space().lock().areas;
        for (index, kind) in kinds.iter().enumerate() {
            let private = MappingFlags::READ | MappingFlags::WRITE;
            let (flags, populate) = match kind {
                PageKind::Good => (private | MappingFlags::USER, true),
                PageKind::Lazy => (private | MappingFlags::USER, false),
                PageKind::ReadOnly => (MappingFlags::READ | MappingFlags::USER, true),
                PageKind::KernelOnly => (private, true),
                PageKind::Unmapped | PageKind::Vanished | PageKind::Keyed => continue,
            };
            let mapped = line::map(areas, start + index * PAGE, PAGE, flags, populate);
            assert_eq!(mapped, Ok(()), "page {index} of {kinds:?}");
        }
        start
    }

    fn map_large(&mut self, kind: PageKind) -> Option<Range<usize>> {
        let flags = match kind {
            PageKind::Good => MappingFlags::READ | MappingFlags::WRITE | MappingFlags::USER,
            PageKind::ReadOnly => MappingFlags::READ | MappingFlags::USER,
            _ => return None,
        };
        // The last one goes first.
        self.large = None;
        self.large = Some(pte::map_large(LARGE.start(), large_frame(), flags));
        Some(LARGE.start()..LARGE.end())
    }

    fn window(&mut self, addr: usize) -> Option<NonNull<u8>> {
        if self.large.is_some() && LARGE.contains(addr) {
            let place = phys_to_virt(large_frame() + (addr - LARGE.start()));
            return NonNull::new(place.as_mut_ptr());
        }
        let areas = &space::space().lock().areas;
        let (frame, _) = line::page(areas, addr)?;
        NonNull::new(phys_to_virt(frame).as_mut_ptr())
    }

    fn handler(&self) -> Handler {
        if fault::in_ax_cpu() { Handler::PcOnly } else { Handler::Full }
    }

    fn traps(&self) -> usize {
        let traps = Traps::now();
        traps.page + traps.out_of_reach
    }

    fn traps_per_lazy_page(&self) -> usize {
        1
    }

    fn lazy_needs_pager(&self) -> bool {
        true
    }

    fn open(&mut self) {
        window::open();
    }

    fn close(&mut self) {
        window::close();
    }

    fn refusal(&self, kind: PageKind, access: Access) -> Option<FaultKind> {
        let refusal = match (kind, access) {
            (PageKind::Good | PageKind::Lazy, _) | (PageKind::ReadOnly, Access::Read) => None,
            // The kernel may touch its own memory wherever it lies, except by an unprivileged access.
            (PageKind::KernelOnly, _) if arch::REACHES_PRIVATE_PAGES => None,
            (PageKind::KernelOnly, _) => Some(FaultKind::Permission),
            (PageKind::ReadOnly, Access::Write) => Some(arch::FORBIDDEN),
            // No memory goes away here, and no key.
            (PageKind::Unmapped | PageKind::Vanished | PageKind::Keyed, _) => Some(FaultKind::NotPresent),
        };
        refusal.map(fault::told)
    }
}
