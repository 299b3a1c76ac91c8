// SPDX-License-Identifier: MIT OR Apache-2.0
//! The syndrome of a data abort (Arm ARM D24.2.40, ESR_EL1, "ISS encoding for an exception from a Data Abort").

use crate::extable::cause::{Access, FaultKind};

const STATUS: usize = 0x3f;
const WRITE: usize = 1 << 6;
const CACHE_MAINTENANCE: usize = 1 << 8;
const NO_ADDRESS: usize = 1 << 10;

/// The direction. Cache maintenance reports a write, although it only needs the right to read.
pub(crate) fn access(esr: usize) -> Access {
    if esr & (WRITE | CACHE_MAINTENANCE) == WRITE { Access::Write } else { Access::Read }
}

/// Whether FAR_EL1 holds the address.
pub(crate) fn has_address(esr: usize) -> bool {
    esr & NO_ADDRESS == 0
}

/// The kind, by the status code (DFSC). The low two bits of most codes are a level.
///
/// `is_untranslatable` says whether no page table can map the address.
pub(crate) fn kind(esr: usize, is_untranslatable: bool) -> FaultKind {
    let status = esr & STATUS;
    match (status >> 2, status) {
        // Translation faults, including the one of level -1.
        (0b0001, _) | (_, 0b10_1011) if is_untranslatable => FaultKind::NonCanonical,
        (0b0001, _) | (_, 0b10_1011) => FaultKind::NotPresent,
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
        for (esr, write, addressed) in [
            (0x9600_0006, false, true),
            (0x9600_0046, true, true),
            (0x9600_0146, false, true),
            (0x9600_0410, false, false),
        ] {
            let expected = if write { Access::Write } else { Access::Read };
            assert_eq!((access(esr), has_address(esr)), (expected, addressed), "{esr:#x}");
        }
    }
}
