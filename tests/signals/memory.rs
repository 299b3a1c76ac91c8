// SPDX-License-Identifier: MIT OR Apache-2.0
//! Memory that is there, is not there, or vanishes.

use std::ptr;

use libc::c_int;

pub(crate) const PAGE: usize = 4096;

/// No page of a Linux process is mapped there, and none below it.
pub(crate) const NOWHERE: usize = 0x18;

/// A mapping of `pages` pages, never unmapped: its process ends soon.
pub(crate) fn map(pages: usize, protection: c_int) -> *mut u8 {
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    // SAFETY: a fresh mapping touches no memory of others.
    let start = unsafe { libc::mmap(ptr::null_mut(), pages * PAGE, protection, flags, -1, 0) };
    assert_ne!(start, libc::MAP_FAILED);
    start.cast()
}

/// `good` pages that can be read and written, then one that cannot be touched.
pub(crate) fn good_then_bad(good: usize) -> usize {
    let start = map(good + 1, libc::PROT_READ | libc::PROT_WRITE);
    protect(start.wrapping_add(good * PAGE), libc::PROT_NONE);
    start.addr()
}

/// Changes one page's protection.
pub(crate) fn protect(page: *mut u8, protection: c_int) {
    // SAFETY: the page is one of `map`; no reference to it exists.
    assert_eq!(unsafe { libc::mprotect(page.cast(), PAGE, protection) }, 0);
}

/// Two pages of a shared file mapping of which the file has only `len` bytes by now.
pub(crate) fn truncated_file(len: usize) -> usize {
    // SAFETY: the name is a C string.
    let file = unsafe { libc::memfd_create(c"axptr".as_ptr(), 0) };
    assert!(file >= 0);
    let resize = |len: usize| {
        // SAFETY: changes a file that only we know.
        assert_eq!(unsafe { libc::ftruncate(file, len as libc::off_t) }, 0);
    };
    resize(2 * PAGE);
    let protection = libc::PROT_READ | libc::PROT_WRITE;
    // SAFETY: a fresh mapping touches no memory of others.
    let start = unsafe { libc::mmap(ptr::null_mut(), 2 * PAGE, protection, libc::MAP_SHARED, file, 0) };
    assert_ne!(start, libc::MAP_FAILED);
    resize(len);
    start.addr()
}
