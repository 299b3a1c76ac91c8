// SPDX-License-Identifier: MIT OR Apache-2.0
//! A Linux process as a place to run in.

use std::{
    ffi::{CStr, c_int},
    fs::File,
    ops::Range,
    os::fd::{AsRawFd, FromRawFd},
    ptr::{self, NonNull},
};

use axptr::{Access, FaultKind};
use axptr_cases::{Handler, PAGE, PageKind, Site};
use libc::{MAP_ANONYMOUS, MAP_FIXED, MAP_PRIVATE, MAP_SHARED, PROT_NONE, PROT_READ, PROT_WRITE};

use super::{front, guarded, large::LargePage, poison, registers::Registers};

/// Mappings of this process. Each page exists twice: as the user sees it, and readable and writable.
#[derive(Debug)]
pub(crate) struct HostedSite {
    /// Where the next mapping is to be, if nothing is there; 0 where Linux likes it.
    pub(crate) hint: usize,
    handler: Handler,
    regions: Vec<Region>,
    large: Option<LargePage>,
}

impl HostedSite {
    /// A site without mappings; they go with it.
    pub(crate) fn new(handler: Handler) -> Self {
        Self { hint: 0, handler, regions: Vec::new(), large: None }
    }
}

// SAFETY: (1), (2), (3) the mappings are new ones, known to nobody else, and live as long as the site.
unsafe impl Site for HostedSite {
    fn map(&mut self, kinds: &[PageKind]) -> usize {
        let region = Region::new(kinds, self.hint);
        let start = region.start();
        if self.handler == Handler::SubPage {
            region.poison();
        }
        self.regions.push(region);
        start
    }

    fn map_large(&mut self, kind: PageKind) -> Option<Range<usize>> {
        // To protect a part, or to map it a second time, would make small pages of it.
        let is_wanted = kind == PageKind::Good && self.handler != Handler::SubPage;
        self.large = if is_wanted { LargePage::new() } else { None };
        self.large.as_ref().map(LargePage::place)
    }

    fn kinds(&self) -> &'static [PageKind] {
        guarded::kinds()
    }

    fn window(&mut self, addr: usize) -> Option<NonNull<u8>> {
        if self.large.as_ref().is_some_and(|large| large.place().contains(&addr)) {
            return NonNull::new(ptr::with_exposed_provenance_mut(addr));
        }
        self.regions.iter().find_map(|region| region.window(addr))
    }

    fn fenced(&mut self, pages: usize) -> Option<NonNull<u8>> {
        let region = Region::new(&vec![PageKind::Good; pages], 0);
        let start = region.start();
        self.regions.push(region);
        NonNull::new(ptr::with_exposed_provenance_mut(start))
    }

    fn traps(&self) -> usize {
        front::traps()
    }

    fn traps_per_lazy_page(&self) -> usize {
        // Linux pages in without a signal.
        0
    }

    fn refusal(&self, kind: PageKind, access: Access) -> Option<FaultKind> {
        match (kind, access) {
            (PageKind::Good | PageKind::Lazy, _) | (PageKind::ReadOnly | PageKind::Keyed, Access::Read) => {
                None
            }
            (PageKind::Keyed, Access::Write) => Some(FaultKind::ProtectionKey),
            (PageKind::ReadOnly, Access::Write) => Some(FaultKind::Permission),
            // There is a mapping around each region, so that nothing else comes to be there.
            (PageKind::Unmapped | PageKind::KernelOnly, _) => Some(Registers::NO_ACCESS_IS),
            (PageKind::Vanished, _) => Some(FaultKind::Bus),
        }
    }

    fn is_foreign(&self, addr: usize) -> bool {
        let page = ptr::without_provenance_mut(addr / PAGE * PAGE);
        let mut is_resident = 0;
        // SAFETY: it asks for one page only, and has room for the answer.
        unsafe { libc::mincore(page, PAGE, &raw mut is_resident) == 0 }
    }

    fn refusal_of_untranslatable(&self) -> FaultKind {
        Registers::UNTRANSLATABLE_IS
    }

    fn good_bytes(&self, kind: PageKind) -> usize {
        if self.handler == Handler::SubPage && kind == PageKind::Unmapped { poison::GOOD } else { 0 }
    }

    fn handler(&self) -> Handler {
        self.handler
    }
}

/// Consecutive pages between two inaccessible ones.
#[derive(Debug)]
struct Region {
    user: Mapping,
    alias: Mapping,
    kinds: Vec<PageKind>,
    _memory: File,
    _gone: File,
}

impl Region {
    fn new(kinds: &[PageKind], hint: usize) -> Self {
        let len = kinds.len() * PAGE;
        let (memory, gone) = (memory_file(len), memory_file(0));
        let alias = Mapping::of(&memory, len);
        let user = Mapping::nothing(hint, len + 2 * PAGE);
        for (index, kind) in kinds.iter().enumerate() {
            let protection = match kind {
                PageKind::Good | PageKind::Lazy | PageKind::Vanished => PROT_READ | PROT_WRITE,
                PageKind::ReadOnly => PROT_READ,
                PageKind::Keyed => guarded::PROTECTION,
                PageKind::Unmapped | PageKind::KernelOnly => continue,
            };
            // A page that is not lazy is to be there: a write to a read-only one is a different fault then.
            let populate = matches!(kind, PageKind::Good | PageKind::ReadOnly | PageKind::Keyed);
            let flags = MAP_SHARED | MAP_FIXED | if populate { libc::MAP_POPULATE } else { 0 };
            let file = if *kind == PageKind::Vanished { &gone } else { &memory };
            user.replace((index + 1) * PAGE, protection, flags, file, index * PAGE);
            if *kind == PageKind::Keyed {
                guarded::guard(user.start.as_ptr().expose_provenance() + (index + 1) * PAGE);
            }
        }
        Self { user, alias, kinds: kinds.to_vec(), _memory: memory, _gone: gone }
    }

    /// Gives unmapped pages a few good bytes.
    fn poison(&self) {
        for (index, kind) in self.kinds.iter().enumerate() {
            if *kind == PageKind::Unmapped {
                let alias = self.alias.start.as_ptr().expose_provenance();
                poison::add(self.start() + index * PAGE, alias + index * PAGE);
            }
        }
    }

    fn start(&self) -> usize {
        self.user.start.as_ptr().expose_provenance() + PAGE
    }

    fn window(&self, addr: usize) -> Option<NonNull<u8>> {
        let offset = addr.checked_sub(self.start())?;
        let kind = self.kinds.get(offset / PAGE)?;
        // SAFETY: the alias has as many pages as there are kinds.
        let window = unsafe { self.alias.start.add(offset) };
        (*kind != PageKind::Vanished).then_some(window)
    }
}

impl Drop for Region {
    fn drop(&mut self) {
        for index in 0..self.kinds.len() {
            poison::forget(self.start() + index * PAGE);
        }
    }
}

/// A mapping that ends with its owner.
#[derive(Debug)]
struct Mapping {
    start: NonNull<u8>,
    len: usize,
}

impl Mapping {
    fn of(file: &File, len: usize) -> Self {
        Self::new(0, len, PROT_READ | PROT_WRITE, MAP_SHARED, file.as_raw_fd())
    }

    fn nothing(hint: usize, len: usize) -> Self {
        Self::new(hint, len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1)
    }

    fn new(hint: usize, len: usize, protection: c_int, flags: c_int, fd: c_int) -> Self {
        let hint = ptr::without_provenance_mut(hint);
        // SAFETY: a new mapping, where the kernel finds room.
        let start = unsafe { libc::mmap(hint, len, protection, flags, fd, 0) };
        assert_ne!(start, libc::MAP_FAILED, "{}", std::io::Error::last_os_error());
        Self { start: NonNull::new(start.cast()).expect("not at 0"), len }
    }

    /// Maps one page of a file over the one at `offset`.
    fn replace(&self, offset: usize, protection: c_int, flags: c_int, file: &File, file_offset: usize) {
        assert!(offset + PAGE <= self.len);
        // SAFETY: the line above.
        let page = unsafe { self.start.add(offset) }.as_ptr().cast();
        // SAFETY: replaces a page of this mapping, which nobody has used yet.
        let mapped = unsafe {
            libc::mmap(page, PAGE, protection, flags, file.as_raw_fd(), file_offset as libc::off_t)
        };
        assert_eq!(mapped, page, "{}", std::io::Error::last_os_error());
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours, and its users do not outlive the site.
        unsafe { libc::munmap(self.start.as_ptr().cast(), self.len) };
    }
}

fn memory_file(len: usize) -> File {
    const NAME: &CStr = c"axptr-cases";
    // SAFETY: the name is a string.
    let fd = unsafe { libc::memfd_create(NAME.as_ptr(), libc::MFD_CLOEXEC) };
    assert!(fd >= 0, "{}", std::io::Error::last_os_error());
    // SAFETY: a new descriptor that nobody else has.
    let file = unsafe { File::from_raw_fd(fd) };
    file.set_len(len as u64).expect("memory can be had");
    file
}
