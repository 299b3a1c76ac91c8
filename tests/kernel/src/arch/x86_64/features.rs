// SPDX-License-Identifier: MIT OR Apache-2.0
//! What CPUID says (SDM vol. 2, CPUID).

use core::{arch::asm, fmt};

/// The features that the cases depend on.
#[derive(Clone, Copy, Debug)]
pub struct Features {
    /// `rep movsb` is fast: the routines use it.
    pub erms: bool,
    /// A window that keeps kernel code away from user memory.
    pub window: bool,
    /// Protection keys.
    pub keys: bool,
}

impl Features {
    /// Asks the CPU.
    pub fn of_this_cpu() -> Self {
        const EXTENDED_FEATURES: u32 = 7;
        let [last_leaf, _, _] = cpuid(0);
        let [_, ebx, ecx] = if last_leaf < EXTENDED_FEATURES { [0; 3] } else { cpuid(EXTENDED_FEATURES) };
        Self { erms: ebx & 1 << 9 != 0, window: ebx & 1 << 20 != 0, keys: ecx & 1 << 3 != 0 }
    }

    /// Whether a CPU like this one can come to the routines' instruction at `insn`: to all of them.
    pub fn reaches(self, _insn: usize) -> bool {
        true
    }

    /// Whether a copy of a page is an instruction that touches both sides: `movs`, with or without ERMS.
    pub fn copies_at_once(self) -> bool {
        true
    }
}

/// As `cargo xtask kernel` knows them.
impl fmt::Display for Features {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { erms, window, keys } = *self;
        f.write_str("cpu:")?;
        for (has, name) in [(erms, "erms"), (window, "smap"), (keys, "pku")] {
            if has {
                write!(f, " {name}")?;
            }
        }
        Ok(())
    }
}

/// eax, ebx and ecx of a leaf, subleaf 0.
fn cpuid(leaf: u32) -> [u32; 3] {
    let (eax, ebx, ecx): (u32, u64, u32);
    // SAFETY: changes the four registers; rbx is given back.
    unsafe {
        asm!(
            "mov {ebx}, rbx",
            "cpuid",
            "xchg {ebx}, rbx",
            ebx = out(reg) ebx,
            inout("eax") leaf => eax,
            inout("ecx") 0 => ecx,
            out("edx") _,
            options(nomem, nostack, preserves_flags),
        );
    }
    [eax, ebx as u32, ecx]
}
