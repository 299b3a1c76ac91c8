// SPDX-License-Identifier: MIT OR Apache-2.0
//! Control register 4: which modes the kernel has turned on (SDM vol. 3, 2.5).

#[cfg(any(axptr_home = "kernel", doc))]
use core::arch::asm;

/// The value of CR4.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cr4(usize);

impl Cr4 {
    /// 57-bit addresses.
    const LA57: usize = 1 << 12;
    /// Kernel code accesses user pages only while RFLAGS.AC is set.
    #[cfg(any(test, feature = "vector"))]
    const SMAP: usize = 1 << 21;
    /// Events enter the kernel by FRED, not through the IDT.
    #[cfg(any(test, feature = "vector"))]
    const FRED: usize = 1 << 32;

    /// Reads it.
    ///
    /// # Safety
    ///
    /// 1. The CPU runs in kernel mode: elsewhere the instruction faults.
    #[cfg(any(axptr_home = "kernel", doc))]
    #[inline]
    pub(crate) unsafe fn read() -> Self {
        let value: usize;
        // SAFETY: (1) is ours; it only reads a register.
        unsafe { asm!("mov {}, cr4", out(reg) value, options(nomem, nostack, preserves_flags)) };
        Self(value)
    }

    /// How many bits of an address the CPU translates.
    #[inline]
    pub(crate) const fn address_bits(self) -> u32 {
        if self.0 & Self::LA57 != 0 { 57 } else { 48 }
    }

    #[cfg(any(test, feature = "vector"))]
    pub(crate) const fn has_smap_on(self) -> bool {
        self.0 & Self::SMAP != 0
    }

    #[cfg(any(test, feature = "vector"))]
    pub(crate) const fn has_fred_on(self) -> bool {
        self.0 & Self::FRED != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What kernels turn on, SMEP and SMAP included.
    const USUAL: usize = 0x37_0ea0;

    #[test]
    fn each_mode_has_its_bit() {
        let modes = |value| (Cr4(value).address_bits(), Cr4(value).has_smap_on(), Cr4(value).has_fred_on());
        assert_eq!(modes(0), (48, false, false));
        assert_eq!(modes(USUAL), (48, true, false));
        assert_eq!(modes(USUAL | 1 << 12), (57, true, false));
        assert_eq!(modes(USUAL | 1 << 32), (48, true, true));
        assert_eq!(modes(usize::MAX ^ 1 << 32), (57, true, false));
        assert_eq!(modes(usize::MAX ^ 1 << 21), (57, false, true));
    }
}
