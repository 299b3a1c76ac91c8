// SPDX-License-Identifier: MIT OR Apache-2.0
//! The fields that most instructions have, and what is said of their registers.

use crate::audit::decode::insn::{Expr, FLAGS, Insn, Reg};

/// The register that a call leaves its return address in.
pub const LINK: Reg = 30;
/// The stack pointer, where 31 is not 0.
pub const SP: Reg = 31;

/// Register 31 is 0 here.
pub fn or_zero(number: Reg) -> Expr {
    if number == 31 { Expr::Const(0) } else { Expr::Reg(number) }
}

/// Register 31 is the stack pointer here.
pub fn or_sp(number: Reg) -> Expr {
    Expr::Reg(number)
}

pub fn name(number: Reg) -> String {
    if number == 31 { "xzr".to_owned() } else { format!("x{number}") }
}

/// An instruction word and what it comes to.
pub struct Word {
    pub insn: Insn,
    pub word: u32,
    /// Also `Rt`.
    pub rd: Reg,
    pub rn: Reg,
    pub rm: Reg,
    pub wide: bool,
}

impl Word {
    pub fn bit(&self, bit: u32) -> bool {
        self.word >> bit & 1 == 1
    }

    /// Writes the register, unless it is the one that is always 0.
    pub fn write(&mut self, value: Expr) {
        let value = if self.wide { value } else { value.low(32) };
        if self.rd != 31 {
            self.insn.set(self.rd, value);
        }
    }

    pub fn write_or_sp(&mut self, value: Expr) {
        let value = if self.wide { value } else { value.low(32) };
        self.insn.set(self.rd, value);
    }

    pub fn text(&mut self, name: &str) {
        self.insn.text = name.to_owned();
    }

    pub fn flags(&mut self, value: Expr) {
        let value = if self.wide { value } else { value.low(32) };
        self.insn.set(FLAGS, value);
    }
}
