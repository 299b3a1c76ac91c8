// SPDX-License-Identifier: MIT OR Apache-2.0
//! A machine without such guards.

use std::ffi::c_int;

use axptr_cases::PageKind;

pub(super) const KIND: PageKind = PageKind::Unmapped;
pub(crate) const PROTECTION: c_int = libc::PROT_NONE;

pub(super) fn can_guard() -> bool {
    false
}

pub(crate) fn guard(start: usize) {
    unreachable!("nothing here guards {start:#x}");
}
