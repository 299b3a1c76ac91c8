// SPDX-License-Identifier: MIT OR Apache-2.0
//! The exception level, and what it makes of unprivileged accesses.

#[cfg(any(axptr_home = "kernel", doc))]
use core::arch::asm;

/// The exception level, and the register of EL2 that says whose EL0 is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Level {
    current: usize,
    hcr: usize,
}

impl Level {
    const EL1: usize = 1;
    const EL2: usize = 2;
    /// HCR_EL2.E2H and TGE (Arm ARM D24.2.53).
    const E2H: usize = 1 << 34;
    const TGE: usize = 1 << 27;

    /// Reads both.
    ///
    /// # Safety
    ///
    /// 1. The CPU runs in kernel mode.
    #[cfg(any(axptr_home = "kernel", doc))]
    pub(crate) unsafe fn read() -> Self {
        let current: usize;
        // SAFETY: (1) is ours; it only reads a register.
        unsafe { asm!("mrs {}, currentel", out(reg) current, options(nomem, nostack, preserves_flags)) };
        let current = current >> 2 & 3;
        let mut hcr = 0;
        if current == Self::EL2 {
            // SAFETY: reads a register that EL2 has.
            unsafe { asm!("mrs {}, hcr_el2", out(reg) hcr, options(nomem, nostack, preserves_flags)) };
        }
        Self { current, hcr }
    }

    /// Whether this level is EL0's kernel, and calls its registers by the names of EL1's.
    ///
    /// At EL2 that takes HCR_EL2.E2H, for the names, and TGE, for EL0. Without TGE, EL0 belongs to EL1, and
    /// unprivileged accesses of EL2 are those of EL2 (Arm ARM C6.2, LDTR).
    pub(crate) const fn is_kernel_of_user_mode(self) -> bool {
        match self.current {
            Self::EL1 => true,
            Self::EL2 => self.hcr & Self::E2H != 0 && self.hcr & Self::TGE != 0,
            _ => false,
        }
    }
}

/// Whether PSTATE.UAO is set: then unprivileged accesses have the kernel's rights (Arm ARM D8.4.3).
///
/// # Safety
///
/// 1. The CPU runs in kernel mode.
#[cfg(any(axptr_home = "kernel", doc))]
pub(crate) unsafe fn unprivileged_accesses_are_overridden() -> bool {
    const HAS_UAO: usize = 0xf << 4;
    const UAO: usize = 1 << 23;
    let model: usize;
    // SAFETY: (1) is ours; it reads ID_AA64MMFR2_EL1, which is 0 on a CPU that does not know it (Arm ARM D24.1.1).
    unsafe { asm!("mrs {}, s3_0_c0_c7_2", out(reg) model, options(nomem, nostack, preserves_flags)) };
    if model & HAS_UAO == 0 {
        return false;
    }
    let state: usize;
    // SAFETY: the CPU has this register.
    unsafe { asm!("mrs {}, s3_0_c4_c2_4", out(reg) state, options(nomem, nostack, preserves_flags)) };
    state & UAO != 0
}

#[cfg(test)]
mod tests {
    use super::Level;

    #[test]
    fn only_the_kernel_of_user_mode_is_served() {
        const E2H: usize = 1 << 34;
        const TGE: usize = 1 << 27;
        for (current, hcr, served) in [
            (0, 0, false),
            (1, 0, true),
            // EL1 of a guest does not see this register.
            (1, usize::MAX, true),
            (2, 0, false),
            (2, E2H, false),
            (2, TGE, false),
            (2, E2H | TGE, true),
            (2, usize::MAX ^ TGE, false),
            (2, usize::MAX ^ E2H, false),
            (3, E2H | TGE, false),
        ] {
            let level = Level { current, hcr };
            assert_eq!(level.is_kernel_of_user_mode(), served, "EL{current}, {hcr:#x}");
        }
    }
}
