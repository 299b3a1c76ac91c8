// SPDX-License-Identifier: MIT OR Apache-2.0
//! A page of a larger size (transparent_hugepage(7)), where this process gets one.

use std::{
    ffi::c_void,
    fs,
    ops::Range,
    ptr,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
};

use axptr_cases::PAGE;
use libc::{MAP_ANONYMOUS, MAP_PRIVATE, PROT_NONE, PROT_READ, PROT_WRITE};

/// How large it is on these machines, with pages of 4 KiB.
const SIZE: usize = 2 << 20;
/// Enough to have one with inaccessible bytes on both sides, wherever it begins.
const RESERVED: usize = 3 * SIZE;

/// Whether one was asked for and did not come: then none will.
static IS_REFUSED: AtomicBool = AtomicBool::new(false);

/// One page, readable and writable, between bytes that are not accessible. It ends with its owner.
#[derive(Debug)]
pub(crate) struct LargePage {
    reserved: *mut c_void,
    start: usize,
}

impl LargePage {
    /// A new one. None if the kernel gives none: an emulator, or a system that has them turned off.
    pub(crate) fn new() -> Option<Self> {
        if IS_REFUSED.load(Relaxed) {
            return None;
        }
        // SAFETY: a new mapping, where the kernel finds room.
        let reserved =
            unsafe { libc::mmap(ptr::null_mut(), RESERVED, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) };
        assert_ne!(reserved, libc::MAP_FAILED, "{}", std::io::Error::last_os_error());
        let start = (reserved.expose_provenance() + PAGE).next_multiple_of(SIZE);
        let page = Self { reserved, start };
        let place = ptr::with_exposed_provenance_mut::<u8>(start);
        // SAFETY: inside of the new mapping.
        let status = unsafe { libc::mprotect(place.cast(), SIZE, PROT_READ | PROT_WRITE) };
        assert_eq!(status, 0, "{}", std::io::Error::last_os_error());
        // SAFETY: as above. A kernel without such pages refuses, and the next look tells.
        unsafe { libc::madvise(place.cast(), SIZE, libc::MADV_HUGEPAGE) };
        // SAFETY: the first byte, which nobody else uses.
        unsafe { place.write_volatile(1) };
        if is_large(start) {
            return Some(page);
        }
        IS_REFUSED.store(true, Relaxed);
        None
    }

    pub(crate) fn place(&self) -> Range<usize> {
        self.start..self.start + SIZE
    }
}

impl Drop for LargePage {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours, and its users do not outlive the site.
        unsafe { libc::munmap(self.reserved, RESERVED) };
    }
}

/// Whether the kernel says so of the mapping that begins there (proc_pid_smaps(5)).
fn is_large(start: usize) -> bool {
    let maps = fs::read_to_string("/proc/self/smaps").unwrap_or_default();
    let begin = format!("{start:x}-");
    let lines = maps.lines().skip_while(|line| !line.starts_with(&begin)).skip(1);
    let mut fields = lines.map_while(|line| line.split_once(':'));
    let value = fields.find_map(|(name, value)| (name == "AnonHugePages").then_some(value));
    value.is_some_and(|value| value.trim() == format!("{} kB", SIZE >> 10))
}
