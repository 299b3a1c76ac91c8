// SPDX-License-Identifier: MIT OR Apache-2.0
//! Control register 4: which modes the kernel has turned on (SDM vol. 3, 2.5).

#[cfg(any(axptr_home = "kernel", doc))]
use core::arch::asm;

/// The value of CR4.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cr4(usize);

impl Cr4 {
    /// Vector registers may be used.
    #[cfg(any(test, feature = "vector-registers"))]
    const OSFXSR: usize = 1 << 9;
    /// 57-bit addresses.
    const LA57: usize = 1 << 12;
    /// XCR0 says which registers the kernel saves, and AVX may be used.
    #[cfg(any(test, feature = "vector-registers"))]
    const OSXSAVE: usize = 1 << 18;
    /// Kernel code accesses user pages only while RFLAGS.AC is set.
    #[cfg(any(test, feature = "vector"))]
    const SMAP: usize = 1 << 21;
    /// Shadow stacks and checked branch targets may be on (CET).
    #[cfg(any(test, feature = "vector"))]
    const CET: usize = 1 << 23;
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

    /// Whether the instructions of SSE can be executed, with this value of CR0 (SDM vol. 3, 2.5 and 14.1.3): else they raise
    /// #UD or #NM.
    #[cfg(any(test, feature = "vector-registers"))]
    pub(crate) const fn has_vector_registers_on(self, cr0: usize) -> bool {
        /// Emulation, task switched.
        const EM_AND_TS: usize = 1 << 2 | 1 << 3;
        self.0 & Self::OSFXSR != 0 && cr0 & EM_AND_TS == 0
    }

    /// Whether XCR0 can be read: else that raises #UD (SDM vol. 1, 13.3).
    #[cfg(any(test, feature = "vector-registers"))]
    pub(crate) const fn has_extended_registers_on(self) -> bool {
        self.0 & Self::OSXSAVE != 0
    }

    #[cfg(any(test, feature = "vector"))]
    pub(crate) const fn has_smap_on(self) -> bool {
        self.0 & Self::SMAP != 0
    }

    /// Whether kernel code has a shadow stack.
    ///
    /// # Safety
    ///
    /// 1. The CPU runs in kernel mode, and this is its CR4.
    #[cfg(all(feature = "vector", any(axptr_home = "kernel", doc)))]
    pub(crate) unsafe fn has_shadow_stack(self) -> bool {
        const IA32_S_CET: u32 = 0x6a2;
        let mut settings: u32 = 0;
        if self.0 & Self::CET != 0 {
            // SAFETY: (1) is ours: a CPU with CR4.CET has this register.
            unsafe {
                asm!("rdmsr", in("ecx") IA32_S_CET, out("eax") settings, out("edx") _, options(nomem, nostack));
            }
        }
        self.has_shadow_stack_with(settings)
    }

    /// The same, of the value of IA32_S_CET (SDM vol. 3, 18.2): SH_STK_EN is bit 0.
    #[cfg(any(test, feature = "vector"))]
    const fn has_shadow_stack_with(self, settings: u32) -> bool {
        self.0 & Self::CET != 0 && settings & 1 != 0
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

    #[test]
    fn vector_registers_take_one_bit_and_two_that_are_clear() {
        for (cr4, cr0, on) in [
            (USUAL, 0x8005_0033, true),
            (USUAL ^ 1 << 9, 0x8005_0033, false),
            (USUAL, 0x8005_0033 | 1 << 2, false),
            (USUAL, 0x8005_0033 | 1 << 3, false),
        ] {
            assert_eq!(Cr4(cr4).has_vector_registers_on(cr0), on, "{cr4:#x}, {cr0:#x}");
        }
        assert!(Cr4(USUAL).has_extended_registers_on() && !Cr4(USUAL ^ 1 << 18).has_extended_registers_on());
    }

    /// Branch targets alone may be checked: the vector marks its own.
    #[test]
    fn a_shadow_stack_takes_both_bits() {
        for (cr4, settings, has) in [
            (0, 1, false),
            (1 << 23, 0, false),
            (1 << 23, 1 << 2, false),
            (1 << 23, 1, true),
            (1 << 23, 5, true),
        ] {
            assert_eq!(Cr4(cr4).has_shadow_stack_with(settings), has, "{cr4:#x}, {settings:#x}");
        }
    }
}
