// SPDX-License-Identifier: MIT OR Apache-2.0
//! x86_64: the error code of a page fault (SDM vol. 3, 4.7), and the faults that have none.

#[cfg(doc)]
use crate::recovery::trap::TrapFrame;
use crate::{
    extable::cause::{Access, FaultKind},
    recovery::trap::Report,
};

const PRESENT: usize = 1 << 0;
const WRITE: usize = 1 << 1;
const RESERVED: usize = 1 << 3;
const FETCH: usize = 1 << 4;
const KEY: usize = 1 << 5;

/// For x86_64.
impl Report {
    /// The report of a page fault (#PF): its error code, and the address from CR2. `None` if it is the fetch of an
    /// instruction, which no access of this crate is.
    ///
    /// A reserved bit in the page table is [`Unknown`](FaultKind::Unknown): no pager is asked. The code's bit for user
    /// mode is not looked at: ask only for faults from kernel mode.
    ///
    /// Add `window_closed` if the kernel uses SMAP and has accesses of its own in the table.
    ///
    /// ```
    /// use axptr::{Access, FaultKind, trap::Report};
    ///
    /// // A write to a page that is present and read-only.
    /// let report = Report::x86_64_page_fault(0b011, 0x1000).unwrap();
    /// assert_eq!((report.access, report.kind), (Some(Access::Write), FaultKind::Permission));
    /// assert_eq!(report.addr, Some(0x1000));
    /// ```
    #[inline]
    #[must_use]
    pub const fn x86_64_page_fault(error_code: usize, cr2: usize) -> Option<Self> {
        if error_code & FETCH != 0 {
            return None;
        }
        let access = if error_code & WRITE != 0 { Access::Write } else { Access::Read };
        let kind = if error_code & RESERVED != 0 {
            FaultKind::Unknown
        } else if error_code & KEY != 0 {
            FaultKind::ProtectionKey
        } else if error_code & PRESENT != 0 {
            FaultKind::Permission
        } else {
            FaultKind::NotPresent
        };
        Some(Self { kind, ..Self::at(Some(access), Some(cr2)) })
    }

    /// The report of a general-protection fault (#GP) or a stack fault (#SS). An access to an address that is not
    /// canonical raises them. They report no address: the frame's [`operands`](TrapFrame::operands) decide.
    #[inline]
    #[must_use]
    pub const fn x86_64_protection_fault() -> Self {
        Self { kind: FaultKind::NonCanonical, ..Self::at(None, None) }
    }

    /// The report of an alignment check (#AC). The CPU makes one in user mode only (SDM vol. 3, 6.15), so a kernel has none of its
    /// own: this is for the handler of a process.
    #[inline]
    #[must_use]
    pub const fn x86_64_alignment_check() -> Self {
        Self { kind: FaultKind::Misaligned, ..Self::at(None, None) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_code_tells_access_and_kind() {
        let (read, write) = (Access::Read, Access::Write);
        for (error, expected) in [
            (0b00_0000, Some((read, FaultKind::NotPresent))),
            (0b00_0010, Some((write, FaultKind::NotPresent))),
            (0b00_0001, Some((read, FaultKind::Permission))),
            (0b00_0011, Some((write, FaultKind::Permission))),
            // The same from user mode: that bit does not change the answer.
            (0b00_0110, Some((write, FaultKind::NotPresent))),
            // A reserved bit in the page table, a protection key, a shadow stack.
            (0b00_1001, Some((read, FaultKind::Unknown))),
            (0b10_0001, Some((read, FaultKind::ProtectionKey))),
            (0b10_0011, Some((write, FaultKind::ProtectionKey))),
            (0b100_0011, Some((write, FaultKind::Permission))),
            (0b01_0000, None),
            (0b01_0001, None),
        ] {
            let report = Report::x86_64_page_fault(error, 0x1234);
            let told = report.map(|report| (report.access.unwrap(), report.kind));
            assert_eq!(told, expected, "error code {error:#b}");
            assert!(report.is_none_or(|report| report.addr == Some(0x1234)));
        }
    }
    #[test]
    fn other_faults_have_no_address() {
        for (report, kind) in [
            (Report::x86_64_protection_fault(), FaultKind::NonCanonical),
            (Report::x86_64_alignment_check(), FaultKind::Misaligned),
        ] {
            assert_eq!((report.access, report.addr, report.kind), (None, None, kind));
        }
    }
}
