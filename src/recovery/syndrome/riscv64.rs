// SPDX-License-Identifier: MIT OR Apache-2.0
//! riscv64: the exception codes of data accesses (Privileged ISA, "scause").

use crate::{
    arch::width::is_sign_extension,
    extable::cause::{Access, FaultKind},
    recovery::trap::Report,
};

const LOAD_MISALIGNED: usize = 4;
const LOAD_ACCESS_FAULT: usize = 5;
const STORE_MISALIGNED: usize = 6;
const STORE_ACCESS_FAULT: usize = 7;
const LOAD_PAGE_FAULT: usize = 13;
const STORE_PAGE_FAULT: usize = 15;
const HARDWARE_ERROR: usize = 19;

/// The most bits of an address that any mode translates (Privileged ISA, "Sv57").
const WIDEST: u32 = 57;

/// For riscv64.
impl Report {
    /// The report of a data access: `scause` and `stval`. `None` if it was another exception, or an interrupt.
    ///
    /// A page fault does not tell whether the page is absent or forbids the access. Both are reported as
    /// [`NotPresent`](FaultKind::NotPresent). An address that no paging mode can translate is
    /// [`NonCanonical`](FaultKind::NonCanonical).
    ///
    /// Add `window_closed` if `sstatus.SUM` was clear and the kernel has accesses of its own in the table.
    ///
    /// ```
    /// use axptr::{Access, FaultKind, trap::Report};
    ///
    /// let report = Report::riscv64(15, 0x1000).unwrap(); // a store page fault
    /// assert_eq!((report.access, report.kind), (Some(Access::Write), FaultKind::NotPresent));
    /// ```
    #[inline]
    #[must_use]
    pub const fn riscv64(scause: usize, stval: usize) -> Option<Self> {
        Self::riscv64_with_bits(scause, stval, WIDEST)
    }

    /// The same for a paging mode that translates `bits` of an address: 39 for Sv39, 48 for Sv48, 57 for Sv57. With 0, or
    /// with 64 or more, as without paging, no address is refused.
    ///
    /// An address that this mode cannot translate is [`NonCanonical`](FaultKind::NonCanonical), and no pager is asked.
    ///
    /// ```
    /// use axptr::{FaultKind, trap::Report};
    ///
    /// let behind = 1 << 38; // the first address behind the user half of Sv39
    /// let kind = |bits| Report::riscv64_with_bits(13, behind, bits).unwrap().kind;
    /// assert_eq!((kind(39), kind(48)), (FaultKind::NonCanonical, FaultKind::NotPresent));
    /// ```
    #[inline]
    #[must_use]
    pub const fn riscv64_with_bits(scause: usize, stval: usize, bits: u32) -> Option<Self> {
        let (access, kind) = match scause {
            LOAD_PAGE_FAULT => (Some(Access::Read), page_fault_kind(stval, bits)),
            STORE_PAGE_FAULT => (Some(Access::Write), page_fault_kind(stval, bits)),
            // The machine protects physical memory in steps of 4 bytes (Privileged ISA, "Physical Memory Protection").
            LOAD_ACCESS_FAULT => (Some(Access::Read), FaultKind::Physical),
            STORE_ACCESS_FAULT => (Some(Access::Write), FaultKind::Physical),
            LOAD_MISALIGNED => (Some(Access::Read), FaultKind::Misaligned),
            STORE_MISALIGNED => (Some(Access::Write), FaultKind::Misaligned),
            HARDWARE_ERROR => (None, FaultKind::Poison),
            _ => return None,
        };
        // A machine may leave `stval` 0 for all faults but page faults (Privileged ISA, "stval").
        let addr = if is_page_fault(scause) || stval != 0 { Some(stval) } else { None };
        Some(Self { kind, ..Self::at(access, addr) })
    }
}

#[inline]
const fn page_fault_kind(addr: usize, bits: u32) -> FaultKind {
    if is_sign_extension(addr, bits) { FaultKind::NotPresent } else { FaultKind::NonCanonical }
}

#[inline]
const fn is_page_fault(scause: usize) -> bool {
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
            let report = Report::riscv64(code, 0x1000);
            assert_eq!(report.map(|report| (report.access, report.kind)), expected, "code {code:#x}");
            assert!(report.is_none_or(|report| report.addr == Some(0x1000)));
        }
    }
    #[test]
    fn an_address_that_the_machine_left_out_is_none() {
        for (code, addr) in [(5, None), (7, None), (4, None), (19, None), (13, Some(0)), (15, Some(0))] {
            assert_eq!(Report::riscv64(code, 0).unwrap().addr, addr, "code {code}");
        }
    }

    #[test]
    fn an_address_that_no_mode_translates_is_not_canonical() {
        for (addr, kind) in [
            ((1 << 56) - 1, FaultKind::NotPresent),
            (1 << 56, FaultKind::NonCanonical),
            ((-1_isize << 56) as usize - 1, FaultKind::NonCanonical),
            ((-1_isize << 56) as usize, FaultKind::NotPresent),
            (usize::MAX, FaultKind::NotPresent),
        ] {
            assert_eq!(Report::riscv64(13, addr).unwrap().kind, kind, "{addr:#x}");
        }
        for (addr, bits, kind) in [
            ((1 << 38) - 1, 39, FaultKind::NotPresent),
            (1 << 38, 39, FaultKind::NonCanonical),
            (1 << 38, 48, FaultKind::NotPresent),
            // Without paging each address is one of physical memory.
            (usize::MAX >> 1, 64, FaultKind::NotPresent),
            (usize::MAX >> 1, 99, FaultKind::NotPresent),
            (usize::MAX >> 1, 0, FaultKind::NotPresent),
            (1, 1, FaultKind::NonCanonical),
        ] {
            let report = Report::riscv64_with_bits(15, addr, bits).unwrap();
            assert_eq!(report.kind, kind, "{addr:#x} in {bits} bits");
        }
    }
}
