// SPDX-License-Identifier: MIT OR Apache-2.0
//! The user address space: one `axmm::AddrSpace` with one area of each kind.

use alloc::{vec, vec::Vec};

use axhal::paging::MappingFlags;
use axmm::AddrSpace;
use axptr::{
    Access, UserRange,
    region::{AddrSpaceProvider, AddressSpace},
};
use kspin::SpinNoIrq;
use lazyinit::LazyInit;
use memory_addr::{PAGE_SIZE_4K, va};

use crate::{arch, line};

/// The size of all pages here.
pub const PAGE: usize = PAGE_SIZE_4K;

/// The user half; it fits the smallest of the four machines (Sv39).
pub const BASE: usize = 0x1000;
/// The first address past the user half.
pub const END: usize = 0x3f_ffff_f000;

/// Populated, readable and writable.
pub const RW: Area = Area::new(0x1000_0000, 16, Pages::Populated, READ_WRITE);
/// Readable and writable, each page made by its first fault.
pub const LAZY: Area = Area::new(0x2000_0000, 16, Pages::Lazy, READ_WRITE);
/// Populated, not writable.
pub const RO: Area = Area::new(0x3000_0000, 4, Pages::Populated, READ_ONLY);
/// Nothing is ever mapped here.
pub const HOLE: Area = Area::new(0x4000_0000, 16, Pages::None, READ_WRITE);
/// Populated memory of the kernel's in the user half: no `USER` flag.
pub const KERNEL_ONLY: Area = Area::new(0x5000_0000, 4, Pages::Populated, PRIVATE);
/// The populated page before [`HOLE_AFTER_EDGE`].
pub const EDGE_TO_HOLE: Area = Area::new(0x6000_0000, 1, Pages::Populated, READ_WRITE);
/// The hole that begins where [`EDGE_TO_HOLE`] ends.
pub const HOLE_AFTER_EDGE: Area = Area::new(EDGE_TO_HOLE.end(), 4, Pages::None, READ_WRITE);
/// The populated page before [`LAZY_AFTER_EDGE`].
pub const EDGE_TO_LAZY: Area = Area::new(0x7000_0000, 1, Pages::Populated, READ_WRITE);
/// The lazy pages that begin where [`EDGE_TO_LAZY`] ends.
pub const LAZY_AFTER_EDGE: Area = Area::new(EDGE_TO_LAZY.end(), 4, Pages::Lazy, READ_WRITE);
/// One lazy area of axmm's, 32 times as large as the machine's memory.
pub const BIG: Area = Area::new(0x1_0000_0000, (4 << 30) / PAGE, Pages::Lazy, READ_WRITE);
/// 64 GiB that grow on demand; no area of axmm's covers what is untouched yet.
pub const HUGE: Area = Area::new(0x10_0000_0000, (64 << 30) / PAGE, Pages::Grown, READ_WRITE);

/// Pages that the cases map and unmap by themselves.
pub const SCRATCH: Area = Area::new(0x9000_0000, 4096, Pages::None, READ_WRITE);
/// A page of a larger size, if a case has mapped one. No area covers it.
pub const LARGE: Area = Area::new(0xa000_0000, 512, Pages::None, READ_WRITE);
/// It keeps the page table that [`LARGE`] has its entry in. Between the two lies a hole, whose page table is there: where none is,
/// the refill of axcpu 0.3.0-preview.8 for loongarch64 adds the bits of a small page's size to those of the last page's size. Behind
/// a larger page that makes an absent translation of 512 MiB, [`LARGE`] included.
pub const BEHIND_LARGE: Area = Area::new(0xa030_0000, 1, Pages::Populated, READ_WRITE);

/// Memory in the kernel half that the kernel's own fault handler provides on demand.
pub const KERNEL_LAZY: Area = Area::new(arch::LAZY_KERNEL_ADDR, 8, Pages::Lazy, PRIVATE);

/// Every area of the user half, for setup and for checks.
pub const ALL: &[Area] = &[
    RW,
    LAZY,
    RO,
    HOLE,
    KERNEL_ONLY,
    EDGE_TO_HOLE,
    HOLE_AFTER_EDGE,
    EDGE_TO_LAZY,
    LAZY_AFTER_EDGE,
    BIG,
    HUGE,
    SCRATCH,
    LARGE,
    BEHIND_LARGE,
];

const READ_ONLY: MappingFlags = MappingFlags::READ.union(MappingFlags::USER);
const READ_WRITE: MappingFlags = READ_ONLY.union(MappingFlags::WRITE);
const PRIVATE: MappingFlags = MappingFlags::READ.union(MappingFlags::WRITE);

/// User space gets no page that would leave fewer than these for the kernel.
pub const RESERVED_PAGES: usize = 1024;

/// What a [`Pages::Grown`] area grows by; one page table's worth.
const CHUNK: usize = 512 * PAGE;

static SPACE: LazyInit<SpinNoIrq<UserSpace>> = LazyInit::new();

/// The address space that all cases run in.
///
/// The page-fault path takes this lock: never touch absent user memory under it.
pub fn space() -> &'static SpinNoIrq<UserSpace> {
    &SPACE
}

/// Makes the address space and switches to it.
pub fn init() {
    // Before the user space takes over the kernel's mappings.
    {
        let kernel = &mut axmm::kernel_aspace().lock();
        KERNEL_LAZY.map(kernel);
        // In ax-mm 0.8.4 the last page of a table takes the table with it, out of the kernel's root only.
        line::map(kernel, KERNEL_LAZY.end(), PAGE, PRIVATE, true).expect("a page that stays");
    }
    let mut areas = axmm::new_user_aspace(va!(BASE), END - BASE).expect("a new address space");
    for area in ALL {
        area.map(&mut areas);
    }
    SPACE.init_once(SpinNoIrq::new(UserSpace { areas }));
    switch_to();
}

/// Makes it this CPU's.
pub fn switch_to() {
    let root = line::root(&SPACE.lock().areas);
    // SAFETY: `root` holds the kernel's mappings too and is never freed.
    unsafe { crate::line::asm::write_user_page_table(root) };
    crate::line::asm::flush_tlb(None);
}

/// axmm's address space, and two things that a kernel adds: [`HUGE`] grows, and user space cannot take the
/// kernel's last pages.
#[derive(Debug)]
pub struct UserSpace {
    /// What axmm knows.
    pub areas: AddrSpace,
}

impl UserSpace {
    fn is_present(&self, addr: usize) -> bool {
        line::page(&self.areas, addr).is_some()
    }
}

impl AddressSpace for UserSpace {
    fn check_region_access(&self, range: UserRange, access: Access) -> bool {
        let in_huge = HUGE.start <= range.start() && range.start() + range.len() <= HUGE.end();
        in_huge || self.areas.check_region_access(range, access)
    }

    fn handle_fault(&mut self, addr: usize, access: Access) -> bool {
        if !self.is_present(addr) {
            if free_pages() < RESERVED_PAGES {
                return false;
            }
            if HUGE.contains(addr) {
                // Fails where the chunk is there already, and then it is right as it is.
                let _ = line::map(&mut self.areas, addr / CHUNK * CHUNK, CHUNK, HUGE.flags, false);
            }
        }
        self.areas.handle_fault(addr, access)
    }
}

/// axmm's own address space, locked while it is asked and not while memory is accessed.
#[derive(Clone, Copy, Debug)]
pub struct Locked;

impl AddrSpaceProvider for Locked {
    fn with_addr_space<R>(&mut self, f: impl FnOnce(&mut AddrSpace) -> R) -> R {
        f(&mut SPACE.lock().areas)
    }
}

/// The same with what [`UserSpace`] adds.
#[derive(Clone, Copy, Debug)]
pub struct Guarded;

impl AddrSpaceProvider<UserSpace> for Guarded {
    fn with_addr_space<R>(&mut self, f: impl FnOnce(&mut UserSpace) -> R) -> R {
        f(&mut SPACE.lock())
    }
}

/// Whether the byte at `addr` has a page at this moment.
pub fn is_present(addr: usize) -> bool {
    SPACE.lock().is_present(addr)
}

/// How many pages nobody uses.
pub fn free_pages() -> usize {
    axalloc::global_allocator().available_pages()
}

/// Reads user memory past all that is to be tested: through the kernel's own mapping of its pages.
pub fn peek(addr: usize, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    SPACE.lock().areas.read(va!(addr), &mut bytes).unwrap_or_else(|error| panic!("peek {addr:#x}: {error}"));
    bytes
}

/// Writes user memory in the way of [`peek`].
pub fn poke(addr: usize, bytes: &[u8]) {
    SPACE.lock().areas.write(va!(addr), bytes).unwrap_or_else(|error| panic!("poke {addr:#x}: {error}"));
}

/// When an area's pages come into being.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pages {
    /// Never.
    None,
    /// At their first fault; the page tables with the area, as axmm does it.
    Lazy,
    /// At their first fault, and their page tables too (128 MiB for [`HUGE`]).
    Grown,
    /// With the area.
    Populated,
}

/// A range of user addresses with one kind of memory behind it.
#[derive(Clone, Copy, Debug)]
pub struct Area {
    start: usize,
    count: usize,
    pages: Pages,
    flags: MappingFlags,
}

impl Area {
    const fn new(start: usize, count: usize, pages: Pages, flags: MappingFlags) -> Self {
        Self { start, count, pages, flags }
    }

    /// The first address.
    pub const fn start(&self) -> usize {
        self.start
    }

    /// The first address past the area.
    pub const fn end(&self) -> usize {
        self.start + self.len()
    }

    /// The length in bytes.
    pub const fn len(&self) -> usize {
        self.count * PAGE
    }

    /// Whether `addr` lies in it.
    pub const fn contains(&self, addr: usize) -> bool {
        self.start <= addr && addr < self.end()
    }

    /// The address of page `index`.
    pub const fn page(&self, index: usize) -> usize {
        assert!(index < self.count);
        self.start + index * PAGE
    }

    /// When its pages come into being.
    pub const fn pages(&self) -> Pages {
        self.pages
    }

    /// What may be done to it.
    pub const fn flags(&self) -> MappingFlags {
        self.flags
    }

    /// Takes the pages of a part of it away, and maps that anew.
    pub fn renew_part(&self, start: usize, len: usize) {
        assert!(self.start <= start && start - self.start + len <= self.len());
        Self { start, count: len / PAGE, ..*self }.renew();
    }

    /// Takes all its pages away and maps it anew: zeroed, or absent again if lazy.
    pub fn renew(&self) {
        if self.start < END {
            self.renew_in(&mut SPACE.lock().areas)
        } else {
            self.renew_in(&mut axmm::kernel_aspace().lock())
        }
        crate::line::asm::flush_tlb(None);
    }

    fn renew_in(&self, areas: &mut AddrSpace) {
        areas.unmap(va!(self.start), self.len()).expect("the area lies in the address space");
        self.map(areas);
    }

    fn map(&self, areas: &mut AddrSpace) {
        let populate = match self.pages {
            Pages::None | Pages::Grown => return,
            Pages::Lazy => false,
            Pages::Populated => true,
        };
        line::map(areas, self.start, self.len(), self.flags, populate)
            .unwrap_or_else(|error| panic!("mapping {self:x?}: {error}"));
    }
}
