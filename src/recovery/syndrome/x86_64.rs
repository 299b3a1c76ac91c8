// SPDX-License-Identifier: MIT OR Apache-2.0
//! The error code of a page fault (SDM vol. 3, 4.7).

use crate::extable::cause::{Access, FaultKind};

const PRESENT: usize = 1 << 0;
const WRITE: usize = 1 << 1;
const RESERVED: usize = 1 << 3;
const FETCH: usize = 1 << 4;
const KEY: usize = 1 << 5;

/// The access and the kind; `None` for the fetch of an instruction.
pub(crate) fn page_fault(error: usize) -> Option<(Access, FaultKind)> {
    if error & FETCH != 0 {
        return None;
    }
    let access = if error & WRITE != 0 { Access::Write } else { Access::Read };
    let kind = if error & RESERVED != 0 {
        FaultKind::Unknown
    } else if error & KEY != 0 {
        FaultKind::ProtectionKey
    } else if error & PRESENT != 0 {
        FaultKind::Permission
    } else {
        FaultKind::NotPresent
    };
    Some((access, kind))
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
            assert_eq!(page_fault(error), expected, "error code {error:#b}");
        }
    }
}
