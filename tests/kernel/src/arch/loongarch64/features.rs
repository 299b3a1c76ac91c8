// SPDX-License-Identifier: MIT OR Apache-2.0
//! What CPUCFG says (Reference Manual vol. 1, chapter 2).

use core::{arch::asm, fmt};

/// The features that the cases depend on.
#[derive(Clone, Copy, Debug)]
pub struct Features {
    /// Unaligned accesses: the routines use it.
    pub ual: bool,
    /// A window that keeps kernel code away from user memory: never.
    pub window: bool,
}

impl Features {
    /// Asks the CPU.
    pub fn of_this_cpu() -> Self {
        let word: usize;
        // SAFETY: reads what the CPU says of itself.
        unsafe { asm!("cpucfg {}, {}", out(reg) word, in(reg) 1, options(pure, nomem, nostack)) };
        Self { ual: word & 1 << 20 != 0, window: false }
    }

    /// Whether a CPU like this one can come to the routines' instruction at `insn`: to all of them.
    pub fn reaches(self, _insn: usize) -> bool {
        true
    }

    /// Whether a copy of a page is an instruction that touches both sides: there is none.
    pub fn copies_at_once(self) -> bool {
        false
    }
}

/// As `cargo xtask kernel` knows them.
impl fmt::Display for Features {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.ual { "cpu: ual" } else { "cpu:" })
    }
}
