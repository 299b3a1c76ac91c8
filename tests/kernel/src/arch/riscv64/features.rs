// SPDX-License-Identifier: MIT OR Apache-2.0
//! Every CPU of this machine is alike to the cases.

use core::fmt;

/// The features that the cases depend on.
#[derive(Clone, Copy, Debug)]
pub struct Features {
    /// A window that keeps kernel code away from user memory: always, `sstatus.SUM`.
    pub window: bool,
}

impl Features {
    /// There is nothing to ask for.
    pub fn of_this_cpu() -> Self {
        Self { window: true }
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
        f.write_str("cpu: sum")
    }
}
