// SPDX-License-Identifier: MIT OR Apache-2.0
//! loongarch64: what an exception code tells about an access (Reference Manual vol. 1, chapter 7, ESTAT).

use crate::{
    extable::cause::{Access, FaultKind},
    recovery::trap::Report,
};

/// The subcode of an address error for a load or a store. For a fetch it is 0.
const OF_MEMORY_ACCESS: usize = 1;

/// For loongarch64.
impl Report {
    /// The report of a data access: CSR.ESTAT and CSR.BADV. `None` if it was another exception.
    ///
    /// ```
    /// use axptr::{Access, FaultKind, trap::Report};
    ///
    /// let report = Report::loongarch64(2 << 16, 0x1000).unwrap(); // PIS: the page is invalid, for a store
    /// assert_eq!((report.access, report.kind), (Some(Access::Write), FaultKind::NotPresent));
    /// ```
    #[inline]
    #[must_use]
    pub const fn loongarch64(estat: usize, badv: usize) -> Option<Self> {
        let code = estat >> 16 & 0x3f;
        let subcode = estat >> 22 & 0x1ff;
        let (access, kind) = match code {
            // PIL, PIS: the page is invalid, for a load and for a store.
            1 => (Some(Access::Read), FaultKind::NotPresent),
            2 => (Some(Access::Write), FaultKind::NotPresent),
            // PME: the page is not writable, or not marked as written.
            4 => (Some(Access::Write), FaultKind::Permission),
            // PNR: the page is not readable.
            5 => (Some(Access::Read), FaultKind::Permission),
            // PPI: a page for user mode only (RPLV). Not `Permission`: a pager may find that the page permits the access,
            // and would let the instruction try again forever.
            7 => (None, FaultKind::Unknown),
            // ADEM.
            8 if subcode == OF_MEMORY_ACCESS => (None, FaultKind::NonCanonical),
            // ALE.
            9 => (None, FaultKind::Misaligned),
            // PIF, PNX, ADEF come from a fetch. The other codes concern no address.
            _ => return None,
        };
        Some(Self { kind, ..Self::at(access, Some(badv)) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_accesses_are_told_from_all_else() {
        for code in 0..64 {
            for subcode in 0..3 {
                let expected = match (code, subcode) {
                    (1, _) => Some((Some(Access::Read), FaultKind::NotPresent)),
                    (2, _) => Some((Some(Access::Write), FaultKind::NotPresent)),
                    (4, _) => Some((Some(Access::Write), FaultKind::Permission)),
                    (5, _) => Some((Some(Access::Read), FaultKind::Permission)),
                    (7, _) => Some((None, FaultKind::Unknown)),
                    (8, 1) => Some((None, FaultKind::NonCanonical)),
                    (9, _) => Some((None, FaultKind::Misaligned)),
                    _ => None,
                };
                // Pending interrupts stand in the low bits.
                let report = Report::loongarch64(subcode << 22 | code << 16 | 0x1804, 0x1000);
                assert_eq!(report.map(|report| (report.access, report.kind)), expected, "{code}.{subcode}");
                assert!(report.is_none_or(|report| report.addr == Some(0x1000)));
            }
        }
    }
}
