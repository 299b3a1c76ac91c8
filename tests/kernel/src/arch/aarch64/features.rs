// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the ID registers say (Arm ARM D24.2).

use core::{arch::asm, fmt};

/// The features that the cases depend on.
#[derive(Clone, Copy, Debug)]
pub struct Features {
    /// A window that keeps kernel code away from user memory: PAN.
    pub window: bool,
    /// Memory copy and set instructions: the routines use them.
    pub mops: bool,
    /// Unprivileged accesses can be given the kernel's rights.
    pub uao: bool,
}

impl Features {
    /// Asks the CPU.
    pub fn of_this_cpu() -> Self {
        let (memory_model, memory_model_2, instructions): (usize, usize, usize);
        // SAFETY: reads ID_AA64MMFR1_EL1.
        unsafe { asm!("mrs {}, s3_0_c0_c7_1", out(reg) memory_model, options(pure, nomem, nostack)) };
        // SAFETY: reads ID_AA64MMFR2_EL1.
        unsafe { asm!("mrs {}, s3_0_c0_c7_2", out(reg) memory_model_2, options(pure, nomem, nostack)) };
        // SAFETY: reads ID_AA64ISAR2_EL1.
        unsafe { asm!("mrs {}, s3_0_c0_c6_2", out(reg) instructions, options(pure, nomem, nostack)) };
        Self {
            window: memory_model >> 20 & 0xf != 0,
            mops: instructions >> 16 & 0xf != 0,
            uao: memory_model_2 >> 4 & 0xf != 0,
        }
    }

    /// Whether a CPU like this one can come to the routines' instruction at `insn`: to copy and set
    /// instructions only where axptr takes that path.
    pub fn reaches(self, insn: usize) -> bool {
        !is_copy_instruction(insn) || uses_copy_instructions()
    }

    /// Whether a copy of a page is an instruction that touches both sides.
    pub fn copies_at_once(self) -> bool {
        self.mops && uses_copy_instructions()
    }
}

/// As `cargo xtask kernel` knows them.
impl fmt::Display for Features {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cpu:")?;
        for (has, name) in [(self.window, "pan"), (self.mops, "mops"), (self.uao, "uao")] {
            if has {
                write!(f, " {name}")?;
            }
        }
        Ok(())
    }
}

/// Whether the routines use copy and set instructions: where the CPU has them, behind axptr's vector.
pub fn uses_copy_instructions() -> bool {
    axptr::internal::cpu_paths().any(|path| path.name() == "with MOPS")
}

/// Whether the instruction at `insn` is CPY* or SET* (Arm ARM C4.1.94, "Memory Copy and Memory Set").
pub fn is_copy_instruction(insn: usize) -> bool {
    // SAFETY: an instruction of this kernel's.
    let word = unsafe { core::ptr::with_exposed_provenance::<u32>(insn).read() };
    word & 0x3b20_0c00 == 0x1900_0400
}
