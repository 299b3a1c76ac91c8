// SPDX-License-Identifier: MIT OR Apache-2.0
//! Two pages of user memory that come and go, seen through a second mapping that stays.

use std::ptr;

use libc::{MAP_ANONYMOUS, MAP_FIXED, MAP_PRIVATE, MAP_SHARED, PROT_NONE, PROT_READ, PROT_WRITE, c_int};

pub(crate) const PAGE: usize = 4096;
const PAGES: usize = 2;

/// An area of two pages. It lives as long as the process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Area {
    /// Where operations find it.
    pub(crate) start: usize,
    /// Where it can always be read and written.
    alias: usize,
    file: c_int,
}

impl Area {
    pub(crate) const LEN: usize = PAGES * PAGE;

    /// User memory, with inaccessible pages around it.
    pub(crate) fn user() -> Self {
        // SAFETY: the name is a string.
        let file = unsafe { libc::memfd_create(c"axptr-races".as_ptr(), libc::MFD_CLOEXEC) };
        assert!(file >= 0, "{}", std::io::Error::last_os_error());
        // SAFETY: changes a file that only we know.
        assert_eq!(unsafe { libc::ftruncate(file, Self::LEN as libc::off_t) }, 0);
        let around = map(0, Self::LEN + 2 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        let alias = map(0, Self::LEN, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        let area = Self { start: around + PAGE, alias, file };
        (0..PAGES).for_each(|page| area.map_file(page));
        area
    }

    /// Memory of the kernel's side, which is always there.
    pub(crate) fn kernel() -> Self {
        let start = map(0, Self::LEN, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        Self { start, alias: start, file: -1 }
    }

    /// The bytes at `offset`, by the mapping that stays.
    pub(crate) fn bytes(&self, offset: usize, len: usize) -> &[u8] {
        assert!(offset + len <= Self::LEN);
        let start = ptr::with_exposed_provenance::<u8>(self.alias + offset);
        // SAFETY: the line above; the operations, which write there too, do not run meanwhile.
        unsafe { std::slice::from_raw_parts(start, len) }
    }

    /// Writes bytes at `offset`, by the mapping that stays.
    pub(crate) fn write(&self, offset: usize, bytes: &[u8]) {
        assert!(offset + bytes.len() <= Self::LEN);
        let start = ptr::with_exposed_provenance_mut::<u8>(self.alias + offset);
        // SAFETY: the line above; no slice of `bytes` is alive.
        unsafe { start.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
    }

    /// Where the byte at `addr` is by the mapping that stays.
    #[cfg(not(target_arch = "x86_64"))]
    pub(crate) const fn alias_of(&self, addr: usize) -> usize {
        addr - self.start + self.alias
    }

    /// Whether an address lies in it.
    pub(crate) const fn contains(&self, addr: usize) -> bool {
        self.start <= addr && addr < self.start + Self::LEN
    }

    /// Lets pages be there (true) or not. Async-signal-safe.
    pub(crate) fn set(&self, present: [bool; PAGES]) {
        if present[0] == present[1] {
            protect(self.start, Self::LEN, present[0]);
        } else {
            present.iter().enumerate().for_each(|(page, &on)| protect(self.start + page * PAGE, PAGE, on));
        }
    }

    /// Makes one page readable only.
    pub(crate) fn only_read(&self, page: usize) {
        let page = ptr::without_provenance_mut(self.start + page * PAGE);
        // SAFETY: a page of the area, to which no reference exists.
        assert_eq!(unsafe { libc::mprotect(page, PAGE, PROT_READ) }, 0);
    }

    /// Puts a page behind the file's end in the place of one: even where it is made accessible, it is not there.
    pub(crate) fn unmap(&self, page: usize) {
        map(self.start + page * PAGE, PAGE, PROT_NONE, MAP_SHARED | MAP_FIXED, self.file, Self::LEN);
    }

    /// Maps one page again.
    pub(crate) fn map_file(&self, page: usize) {
        let offset = page * PAGE;
        map(self.start + offset, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, self.file, offset);
    }
}

fn protect(start: usize, len: usize, present: bool) {
    let protection = if present { PROT_READ | PROT_WRITE } else { PROT_NONE };
    // SAFETY: pages of an area, to which no reference exists.
    let status = unsafe { libc::mprotect(ptr::without_provenance_mut(start), len, protection) };
    if status != 0 {
        std::process::abort();
    }
}

fn map(at: usize, len: usize, protection: c_int, flags: c_int, file: c_int, offset: usize) -> usize {
    let at = ptr::without_provenance_mut(at);
    // SAFETY: a new mapping where the kernel finds room, or one in the place of an area's page, to which no
    // reference exists.
    let start = unsafe { libc::mmap(at, len, protection, flags, file, offset as libc::off_t) };
    assert_ne!(start, libc::MAP_FAILED, "{}", std::io::Error::last_os_error());
    start.expose_provenance()
}
