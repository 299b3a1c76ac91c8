// SPDX-License-Identifier: MIT OR Apache-2.0
//! The counter in front of the vector table.
//!
//! Knows nothing of axptr, and sends each exception on with all registers as the CPU left them.

use super::vectors::{self, Next};
use crate::traps::{self, Class};

/// Puts the counter in front of this CPU's table.
pub fn put_in_front() {
    let counter = match vectors::current() {
        Some(Next::Axptr) => &raw const kernel_count_axptr,
        Some(Next::Own) => &raw const kernel_count_own,
        Some(Next::Axcpu) => &raw const kernel_count_axcpu,
        None => return,
    };
    // SAFETY: the counter sends every exception on to the current table.
    unsafe { vectors::set_table(counter.addr()) };
}

/// Of the exceptions, those over data (Arm ARM D24.2.40, ESR_EL1): data aborts, and copies that cannot go on.
pub(super) extern "C" fn count(pc: usize, esr: usize) {
    let class = match (esr >> 26 & 0x3f, esr >> 2 & 0xf) {
        // Translation, access flag, permission.
        (0x25, 1..=3) => Class::Page,
        (0x25 | 0x27, _) => Class::OutOfReach,
        _ => return,
    };
    traps::record(pc, class);
}

unsafe extern "C" {
    static kernel_count_axptr: u8;
    static kernel_count_own: u8;
    static kernel_count_axcpu: u8;
}
