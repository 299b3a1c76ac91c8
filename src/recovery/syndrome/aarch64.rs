// SPDX-License-Identifier: MIT OR Apache-2.0
//! aarch64: the syndrome of a data abort (Arm ARM D24.2.40, ESR_EL1, "ISS encoding for an exception from a Data Abort").

use crate::{
    arch::width::is_sign_extension,
    extable::cause::{Access, FaultKind},
    recovery::{limit::user_limit, trap::Report},
};

// The exception class of a data abort in kernel mode.
const CLASS: u32 = 26;
const CLASS_MASK: usize = 0x3f;
const DATA_ABORT: usize = 0x25;

const STATUS: usize = 0x3f;
const WRITE: usize = 1 << 6;
const CACHE_MAINTENANCE: usize = 1 << 8;
const NO_ADDRESS: usize = 1 << 10;

/// How many bits of an address are translated, in each half: without and with FEAT_LVA (Arm ARM D8.1).
const USUAL: u32 = 48;
const LARGE: u32 = 52;

/// For aarch64.
impl Report {
    /// The report of a data abort: ESR_EL1 and FAR_EL1. `None` if the syndrome is that of another exception, or of a
    /// data abort from user mode.
    ///
    /// An address between the two halves is [`NonCanonical`](FaultKind::NonCanonical). The halves have 48 bits, or 52 if
    /// the user limit lies above 2^48. A kernel with other widths calls [`aarch64_with_bits`](Self::aarch64_with_bits).
    ///
    /// A pointer's tag counts: a kernel that uses top-byte-ignore strips it from `far`.
    ///
    /// ```
    /// use axptr::{Access, FaultKind, trap::Report};
    ///
    /// // A read, and a translation fault of level 3.
    /// let report = Report::aarch64(0x9600_0007, 0x1000).unwrap();
    /// assert_eq!((report.access, report.kind), (Some(Access::Read), FaultKind::NotPresent));
    /// ```
    #[inline]
    #[must_use]
    pub fn aarch64(esr: usize, far: usize) -> Option<Self> {
        Self::aarch64_with_bits(esr, far, if user_limit() > 1 << USUAL { LARGE } else { USUAL })
    }

    /// The same for a half of which `bits` of an address are translated: 64 minus TCR_EL1.T0SZ for the lower half, minus
    /// T1SZ for the upper one. With 0, or with 63 or more, no address is refused.
    ///
    /// An address that no table of this half can map is [`NonCanonical`](FaultKind::NonCanonical), and no pager is asked.
    ///
    /// ```
    /// use axptr::{FaultKind, trap::Report};
    ///
    /// let behind = 1 << 48; // the first address behind a user half of 48 bits
    /// let kind = |bits| Report::aarch64_with_bits(0x9600_0004, behind, bits).unwrap().kind;
    /// assert_eq!((kind(48), kind(52)), (FaultKind::NonCanonical, FaultKind::NotPresent));
    /// ```
    #[inline]
    #[must_use]
    pub const fn aarch64_with_bits(esr: usize, far: usize, bits: u32) -> Option<Self> {
        if esr >> CLASS & CLASS_MASK != DATA_ABORT {
            return None;
        }
        // Each half is translated for itself: the bit above its bits says which one it is.
        let is_untranslatable = bits != 0 && !is_sign_extension(far, bits.saturating_add(1));
        let addr = if esr & NO_ADDRESS == 0 { Some(far) } else { None };
        Some(Self { kind: kind(esr, is_untranslatable), ..Self::at(Some(access(esr)), addr) })
    }
}

/// The direction. Cache maintenance reports a write, although it only needs the right to read.
#[inline]
pub(crate) const fn access(esr: usize) -> Access {
    if esr & (WRITE | CACHE_MAINTENANCE) == WRITE { Access::Write } else { Access::Read }
}

/// The kind, by the status code (DFSC). The low two bits of most codes are a level.
///
/// `is_untranslatable` says whether no page table can map the address.
#[inline]
const fn kind(esr: usize, is_untranslatable: bool) -> FaultKind {
    let status = esr & STATUS;
    match (status >> 2, status) {
        // Translation faults, including those of levels -1 and -2.
        (0b0001, _) | (_, 0b10_1010 | 0b10_1011) if is_untranslatable => FaultKind::NonCanonical,
        (0b0001, _) | (_, 0b10_1010 | 0b10_1011) => FaultKind::NotPresent,
        // This includes an access-flag fault: the pager must see it too.
        (0b0010 | 0b0011, _) => FaultKind::Permission,
        (_, 0b01_0001) => FaultKind::Tag,
        (_, 0b10_0001) => FaultKind::Misaligned,
        // External aborts: of the access, and of the page-table walk.
        (0b0100 | 0b0101, _) => FaultKind::Physical,
        // Parity and ECC errors: of the access, and of the page-table walk.
        (0b0110 | 0b0111, _) => FaultKind::Poison,
        _ => FaultKind::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_code_tells_the_kind() {
        for (status, expected) in [
            (0b00_0000, FaultKind::Unknown), // address size
            (0b00_0100, FaultKind::NotPresent),
            (0b00_0111, FaultKind::NotPresent),
            (0b10_1011, FaultKind::NotPresent),
            (0b10_1010, FaultKind::NotPresent),
            (0b00_1001, FaultKind::Permission), // access flag
            (0b00_1111, FaultKind::Permission),
            (0b01_0000, FaultKind::Physical),
            (0b01_0001, FaultKind::Tag),
            (0b01_0111, FaultKind::Physical), // of the walk, level 3
            (0b01_1000, FaultKind::Poison),
            (0b01_1111, FaultKind::Poison),
            (0b10_0001, FaultKind::Misaligned),
            (0b11_0000, FaultKind::Unknown), // TLB conflict
        ] {
            assert_eq!(kind(0x9600_0000 | status, false), expected, "status {status:#b}");
        }
        for (status, expected) in [
            (0b00_0100, FaultKind::NonCanonical),
            (0b10_1011, FaultKind::NonCanonical),
            (0b00_1111, FaultKind::Permission),
        ] {
            assert_eq!(kind(status, true), expected, "status {status:#b}");
        }
    }

    #[test]
    fn the_other_bits_tell_access_and_address() {
        for (esr, access, addr) in [
            (0x9600_0006, Access::Read, Some(0x1000)),
            (0x9600_0046, Access::Write, Some(0x1000)),
            (0x9600_0146, Access::Read, Some(0x1000)),
            (0x9600_0410, Access::Read, None),
        ] {
            let report = Report::aarch64(esr, 0x1000).unwrap();
            assert_eq!((report.access, report.addr), (Some(access), addr), "{esr:#x}");
        }
    }

    #[test]
    fn other_exceptions_are_none_of_ours() {
        // From user mode, of a fetch, a system call, a copy instruction.
        for esr in [0x9200_0046, 0x8600_0006, 0x5600_0000, 0x9e00_0000, 0] {
            assert_eq!(Report::aarch64(esr, 0x1000), None, "{esr:#x}");
        }
    }

    #[test]
    fn an_address_between_the_halves_is_not_canonical() {
        for (far, kind) in [
            (0x0000_ffff_ffff_ffff, FaultKind::NotPresent),
            (0x0001_0000_0000_0000, FaultKind::NonCanonical),
            (0xfffe_ffff_ffff_ffff, FaultKind::NonCanonical),
            (0xffff_0000_0000_0000, FaultKind::NotPresent),
        ] {
            assert_eq!(Report::aarch64(0x9600_0004, far).unwrap().kind, kind, "{far:#x}");
        }
    }

    #[test]
    fn the_halves_are_as_large_as_the_kernel_says() {
        for (far, bits, kind) in [
            ((1 << 39) - 1, 39, FaultKind::NotPresent),
            (1 << 39, 39, FaultKind::NonCanonical),
            (1 << 39, 48, FaultKind::NotPresent),
            ((1 << 52) - 1, 52, FaultKind::NotPresent),
            (1 << 52, 52, FaultKind::NonCanonical),
            (usize::MAX << 52, 52, FaultKind::NotPresent),
            (usize::MAX << 52, 48, FaultKind::NonCanonical),
            // A tag.
            (0x0200_0000_0000_1000, 52, FaultKind::NonCanonical),
            (usize::MAX >> 1, 63, FaultKind::NotPresent),
            (usize::MAX >> 1, u32::MAX, FaultKind::NotPresent),
            (usize::MAX >> 1, 0, FaultKind::NotPresent),
        ] {
            let report = Report::aarch64_with_bits(0x9600_0004, far, bits).unwrap();
            assert_eq!(report.kind, kind, "{far:#x} in {bits} bits");
        }
    }
}
