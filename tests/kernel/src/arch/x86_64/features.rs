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

    /// Whether a CPU like this one can come to a fault of the routines' instruction at `insn`: to all of them, but where a
    /// string is read by aligned blocks. What stands behind the first access of a block faults only if the page goes
    /// meanwhile.
    pub fn reaches(self, insn: usize) -> bool {
        // SAFETY: an instruction of this kernel, with others behind it.
        let bytes = unsafe { core::ptr::with_exposed_provenance::<[u8; 4]>(insn).read_unaligned() };
        // movaps, vmovdqa and vpminub with a distance (SDM vol. 2, 2.1.3: the field mod); those of copies need no alignment.
        let modrm = match bytes {
            [0x0f, 0x28, modrm, _] | [0xc5, _, 0x6f | 0xda, modrm] => modrm,
            _ => return true,
        };
        modrm >> 6 == 0
    }

    /// Whether the CPU has AVX.
    #[cfg(feature = "vector-registers")]
    pub fn has_avx() -> bool {
        let [_, _, ecx] = cpuid(1);
        ecx & 1 << 28 != 0
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
