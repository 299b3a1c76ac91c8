// SPDX-License-Identifier: MIT OR Apache-2.0
//! The exception codes of data accesses (Privileged ISA, "scause").

use crate::extable::cause::{Access, FaultKind};

const LOAD_MISALIGNED: usize = 4;
const LOAD_ACCESS_FAULT: usize = 5;
const STORE_MISALIGNED: usize = 6;
const STORE_ACCESS_FAULT: usize = 7;
const LOAD_PAGE_FAULT: usize = 13;
const STORE_PAGE_FAULT: usize = 15;
const HARDWARE_ERROR: usize = 19;

/// The access and the kind; `None` if it was no data access.
///
/// A page fault does not tell whether the page is absent or forbids the access. Both are reported as absent.
pub(crate) fn classify(scause: usize) -> Option<(Option<Access>, FaultKind)> {
    Some(match scause {
        LOAD_PAGE_FAULT => (Some(Access::Read), FaultKind::NotPresent),
        STORE_PAGE_FAULT => (Some(Access::Write), FaultKind::NotPresent),
        // The machine protects physical memory in steps of 4 bytes (Privileged ISA, "Physical Memory Protection").
        LOAD_ACCESS_FAULT => (Some(Access::Read), FaultKind::Physical),
        STORE_ACCESS_FAULT => (Some(Access::Write), FaultKind::Physical),
        LOAD_MISALIGNED => (Some(Access::Read), FaultKind::Misaligned),
        STORE_MISALIGNED => (Some(Access::Write), FaultKind::Misaligned),
        HARDWARE_ERROR => (None, FaultKind::Poison),
        _ => return None,
    })
}

/// Whether it is a page fault. Only for a page fault is it certain that `stval` holds the address (Privileged ISA,
/// "stval").
pub(crate) fn is_page_fault(scause: usize) -> bool {
    matches!(scause, LOAD_PAGE_FAULT | STORE_PAGE_FAULT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_tells_access_and_kind() {
        let (read, write) = (Some(Access::Read), Some(Access::Write));
        for (code, expected) in [
            (4, Some((read, FaultKind::Misaligned))),
            (5, Some((read, FaultKind::Physical))),
            (6, Some((write, FaultKind::Misaligned))),
            (7, Some((write, FaultKind::Physical))),
            (13, Some((read, FaultKind::NotPresent))),
            (15, Some((write, FaultKind::NotPresent))),
            (19, Some((None, FaultKind::Poison))),
            // Exceptions of a fetch; a syscall; an interrupt with the number of an access fault.
            (0, None),
            (1, None),
            (8, None),
            (12, None),
            (1 << 63 | 5, None),
        ] {
            assert_eq!(classify(code), expected, "code {code:#x}");
            assert_eq!(is_page_fault(code), matches!(code, 13 | 15), "code {code:#x}");
        }
    }
}
