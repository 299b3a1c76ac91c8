// SPDX-License-Identifier: MIT OR Apache-2.0
//! Protection keys (Intel SDM 3, 4.6.2), as pkeys(7) has them.

use std::{cell::OnceCell, ffi::c_int, ptr};

use axptr_cases::{PAGE, PageKind};
use libc::{PROT_READ, PROT_WRITE};

pub(super) const KIND: PageKind = PageKind::Keyed;
/// What a page is mapped with.
pub(crate) const PROTECTION: c_int = PROT_READ | PROT_WRITE;

/// `<sys/mman.h>`.
const PKEY_DISABLE_WRITE: usize = 2;

thread_local! {
    /// What a key permits is a thread's own matter. There are 15 of them: one for all pages.
    static KEY: OnceCell<Option<i64>> = const { OnceCell::new() };
}

fn key() -> Option<i64> {
    KEY.with(|key| {
        *key.get_or_init(|| {
            // SAFETY: reserves a number.
            let key = unsafe { libc::syscall(libc::SYS_pkey_alloc, 0_usize, PKEY_DISABLE_WRITE) };
            (key >= 0).then_some(key)
        })
    })
}

/// Whether the CPU and the kernel have keys.
pub(super) fn can_guard() -> bool {
    key().is_some()
}

/// Forbids this thread to write to the page at `start`.
pub(crate) fn guard(start: usize) {
    let key = key().expect("a guarded page is asked for only where there are keys");
    let page = ptr::with_exposed_provenance_mut::<u8>(start);
    // SAFETY: the page is a new one of the caller's, of which no reference exists.
    let status = unsafe { libc::syscall(libc::SYS_pkey_mprotect, page, PAGE, PROTECTION, key) };
    assert_eq!(status, 0, "{}", std::io::Error::last_os_error());
}
