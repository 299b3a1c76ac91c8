// SPDX-License-Identifier: MIT OR Apache-2.0
//! User memory that ends where the next page begins.

use std::ptr;

const PAGE: usize = 4096;

/// One page, and one behind it that is not there.
pub(crate) struct Pages {
    start: *mut libc::c_void,
}

impl Pages {
    /// Maps them, in a process that recovers.
    pub(crate) fn new() -> Self {
        // SAFETY: (1) the tests pass these pages and addresses that nothing maps.
        unsafe { axptr::hosted::install() }.unwrap();
        let (access, kind) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
        // SAFETY: a new mapping takes nobody's memory.
        let start = unsafe { libc::mmap(ptr::null_mut(), 2 * PAGE, access, kind, -1, 0) };
        assert_ne!(start, libc::MAP_FAILED);
        // The page stays reserved: no other thread's mapping can take its place.
        // SAFETY: the mapping's own second page, to which there is no reference.
        let status = unsafe { libc::mprotect(start.wrapping_byte_add(PAGE), PAGE, libc::PROT_NONE) };
        assert_eq!(status, 0);
        Self { start }
    }

    pub(crate) fn start(&self) -> usize {
        self.start.addr()
    }

    /// The first address that cannot be accessed.
    pub(crate) fn end(&self) -> usize {
        self.start() + PAGE
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        // SAFETY: the mapping that `new` has made, and nobody uses any more.
        unsafe { libc::munmap(self.start, 2 * PAGE) };
    }
}
