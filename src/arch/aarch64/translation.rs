// SPDX-License-Identifier: MIT OR Apache-2.0
//! How the two halves of the address space are translated.

#[cfg(any(axptr_home = "kernel", doc))]
use core::arch::asm;

use crate::arch::width::sign_extension;

/// The value of TCR_EL1 (Arm ARM D24.2.201).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Translation(usize);

impl Translation {
    /// Reads it.
    ///
    /// # Safety
    ///
    /// 1. The CPU runs in kernel mode.
    #[cfg(any(axptr_home = "kernel", doc))]
    pub(crate) unsafe fn read() -> Self {
        let tcr: usize;
        // SAFETY: (1) is ours; it only reads a register.
        unsafe { asm!("mrs {}, tcr_el1", out(reg) tcr, options(nomem, nostack, preserves_flags)) };
        Self(tcr)
    }

    /// The address without its tag, if its half ignores the top byte (TBI0, TBI1); and how many bits of an address this
    /// half translates (T0SZ, T1SZ).
    pub(crate) const fn of(self, addr: usize) -> (usize, u32) {
        /// It chooses the half, with a tag or without one.
        const UPPER: usize = 1 << 55;
        let (size, ignores_top_byte) = if addr & UPPER == 0 {
            (self.0 & 0x3f, self.0 & 1 << 37 != 0)
        } else {
            (self.0 >> 16 & 0x3f, self.0 & 1 << 38 != 0)
        };
        let addr = if ignores_top_byte { sign_extension(addr, 56) } else { addr };
        (addr, usize::BITS - size as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::Translation;

    const TBI0: usize = 1 << 37;
    const TBI1: usize = 1 << 38;

    #[test]
    fn each_half_has_its_own_width() {
        // 52 bits below, 48 above; the granules and attributes between them are no matter.
        let translation = Translation(16 << 16 | 12 | 0xb500_3500);
        for (addr, bits) in [(0, 52), (0xf_ffff_ffff_ffff, 52), (usize::MAX << 48, 48), (usize::MAX, 48)] {
            assert_eq!(translation.of(addr), (addr, bits), "{addr:#x}");
        }
    }

    #[test]
    fn a_half_that_ignores_the_top_byte_has_no_tags() {
        const LOW: usize = 0x5a00_1234_5678_9abc;
        const HIGH: usize = 0x5aff_1234_5678_9abc;
        for (tcr, low, high) in [
            (0, LOW, HIGH),
            (TBI0, 0x0000_1234_5678_9abc, HIGH),
            (TBI1, LOW, 0xffff_1234_5678_9abc),
            (TBI0 | TBI1, 0x0000_1234_5678_9abc, 0xffff_1234_5678_9abc),
        ] {
            let translation = Translation(tcr | 25 << 16 | 16);
            assert_eq!((translation.of(LOW), translation.of(HIGH)), ((low, 48), (high, 39)), "{tcr:#x}");
        }
    }
}
