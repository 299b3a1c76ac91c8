// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a place must provide for the cases to run in it.

use core::{ops::Range, ptr::NonNull};

use axptr::{Access, FaultKind};

/// The size of every page here.
pub const PAGE: usize = 4096;

/// What one page of user memory permits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageKind {
    /// Present, readable and writable.
    Good,
    /// Present and readable.
    ReadOnly,
    /// Not there, and nobody will provide it.
    Unmapped,
    /// Not there yet: the first access brings it, zeroed. Must be fresh each time that it is asked for.
    Lazy,
    /// Memory that user mode must not touch.
    KernelOnly,
    /// Mapped, but its memory has gone: a file mapping behind the end of the file.
    Vanished,
    /// Present, and a protection key forbids writes. Only some sites have it: [`Site::kinds`].
    Keyed,
}

impl PageKind {
    /// The kinds that every site has.
    pub const ALL: [Self; 6] =
        [Self::Good, Self::ReadOnly, Self::Unmapped, Self::Lazy, Self::KernelOnly, Self::Vanished];
}

/// What the fault handler of a site tells the routines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handler {
    /// Access and kind.
    Full,
    /// Nothing: it can only set the program counter.
    PcOnly,
    /// The access, and a cause that may end inside a page: see [`Site::good_bytes`].
    SubPage,
}

/// A place to run in: user memory with real pages, and a count of real faults.
///
/// # Safety
///
/// 1. What `map` returns is user memory that nothing else uses while the site lives: no Rust object, no other
///    thread, no other `map`.
/// 2. What `window` returns is valid for reads and writes of [`PAGE`] bytes while the site lives.
/// 3. What `fenced` returns is initialised memory that nothing else uses, valid for reads and writes of that many
///    pages while the site lives, and its provenance is exposed.
pub unsafe trait Site {
    /// Maps one page of each kind, in this order and without a gap, and returns the address of the first.
    ///
    /// The pages before and behind are not accessible.
    fn map(&mut self, kinds: &[PageKind]) -> usize;

    /// Maps one page of the next larger size, good or read-only, and says where it is. The bytes before and behind are not
    /// accessible.
    ///
    /// `None` where there is no such page of this kind. Of several, the last is there.
    fn map_large(&mut self, _kind: PageKind) -> Option<Range<usize>> {
        None
    }

    /// The kinds of pages that it can map.
    fn kinds(&self) -> &'static [PageKind] {
        &PageKind::ALL
    }

    /// Where the memory of the mapped page at `addr` can be read and written, whatever the page permits.
    ///
    /// `None` if there is no memory, as with a page that has not been paged in.
    fn window(&mut self, addr: usize) -> Option<NonNull<u8>>;

    /// Kernel memory between two pages that are not accessible, so that an access beside it ends the test.
    ///
    /// `None` where there is no such memory: the kernel's heap will do then.
    fn fenced(&mut self, _pages: usize) -> Option<NonNull<u8>> {
        None
    }

    /// How many faults were taken so far: those that ended at a landing, and those that a pager repaired.
    fn traps(&self) -> usize;

    /// How many traps the first access to a [`PageKind::Lazy`] page costs, as far as `traps` sees them.
    fn traps_per_lazy_page(&self) -> usize;

    /// Whether a [`PageKind::Lazy`] page stays away from an access that may not call the pager. It does unless
    /// somebody below the site provides it, as a process's kernel does.
    fn lazy_needs_pager(&self) -> bool {
        false
    }

    /// Lets ordinary code touch user memory, until [`close`](Self::close). A kernel may have to open a window.
    fn open(&mut self) {}

    /// Ends what [`open`](Self::open) began.
    fn close(&mut self) {}

    /// Why an access to a page of this kind fails, if it does.
    fn refusal(&self, kind: PageKind, access: Access) -> Option<FaultKind> {
        match (kind, access) {
            (PageKind::Good | PageKind::Lazy, _) | (PageKind::ReadOnly | PageKind::Keyed, Access::Read) => {
                None
            }
            (PageKind::Keyed, Access::Write) => Some(FaultKind::ProtectionKey),
            (PageKind::ReadOnly, Access::Write) => Some(FaultKind::Permission),
            (PageKind::Unmapped | PageKind::KernelOnly, _) => Some(FaultKind::NotPresent),
            (PageKind::Vanished, _) => Some(FaultKind::Bus),
        }
    }

    /// Whether memory is at an address that the site has not mapped: a process's stack may be anywhere.
    fn is_foreign(&self, _addr: usize) -> bool {
        false
    }

    /// Why an access to an address that no page table can map fails.
    fn refusal_of_untranslatable(&self) -> FaultKind {
        FaultKind::NonCanonical
    }

    /// How many bytes at the start of a page that refuses an access are good nevertheless.
    ///
    /// Other than 0 only with [`Handler::SubPage`].
    fn good_bytes(&self, _kind: PageKind) -> usize {
        0
    }

    /// What the fault handler tells the routines.
    fn handler(&self) -> Handler {
        Handler::Full
    }
}
