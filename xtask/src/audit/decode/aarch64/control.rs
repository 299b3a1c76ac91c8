// SPDX-License-Identifier: MIT OR Apache-2.0
//! "Branches, Exception Generating and System instructions".

use super::word::{LINK, Word, or_zero};
use crate::audit::decode::{
    bits::{bits, signed},
    insn::{Binary, Condition, Expr, FLAGS, Flow, Op},
};

impl Word {
    pub fn branch_or_system(&mut self) -> Option<()> {
        let word = self.word;
        let addr = self.insn.addr;
        let to = |value: u32, width: u32| addr.wrapping_add_signed(signed(value, width) << 2);
        let long = to(bits(word, 25, 0), 26);
        let middle = to(bits(word, 23, 5), 19);
        let short = to(bits(word, 18, 5), 14);
        if bits(word, 30, 26) == 0b00101 {
            self.text(if self.wide { "bl" } else { "b" });
            if self.wide {
                self.insn.set(LINK, Expr::Const(addr + 4));
                self.insn.flow = Flow::Call(long);
            } else {
                self.insn.flow = Flow::Jump(long);
            }
        } else if bits(word, 30, 25) == 0b011010 {
            let value = or_zero(self.rd).low(if self.wide { 64 } else { 32 });
            let condition = if self.bit(24) { Condition::IfNot(value) } else { Condition::IfZero(value) };
            self.insn.flow = Flow::Branch(middle, condition);
            self.text("cbz");
        } else if bits(word, 30, 25) == 0b011011 {
            let bit = bits(word, 31, 31) << 5 | bits(word, 23, 19);
            let value =
                Expr::binary(Binary::Shr, or_zero(self.rd), Expr::Const(bit.into())).and(Expr::Const(1));
            let condition = if self.bit(24) { Condition::IfNot(value) } else { Condition::IfZero(value) };
            self.insn.flow = Flow::Branch(short, condition);
            self.text("tbz");
        } else if bits(word, 31, 24) == 0b01010100 {
            let condition = match bits(word, 3, 0) {
                0 => Condition::IfZero(Expr::Reg(FLAGS)),
                1 => Condition::IfNot(Expr::Reg(FLAGS)),
                _ => Condition::Unknown,
            };
            self.insn.flow = Flow::Branch(middle, condition);
            self.text("b.cond");
        } else if bits(word, 31, 25) == 0b1101011 {
            let target = or_zero(self.rn);
            self.insn.flow = match bits(word, 24, 21) {
                0 | 8 => Flow::JumpTo(target),
                1 | 9 => {
                    let target = self.insn.aside(target);
                    self.insn.set(LINK, Expr::Const(addr + 4));
                    Flow::CallTo(target)
                }
                2 | 10 => Flow::JumpTo(or_zero(if self.bit(11) { LINK } else { self.rn })),
                4 => Flow::Stop,
                _ => return None,
            };
            self.text("br");
        } else if bits(word, 31, 24) == 0b11010100 {
            self.text("exception");
            match bits(word, 23, 0) & 0xe0_001f {
                // SVC, HVC, SMC come back, with results in registers.
                1..=3 => (0..18).for_each(|reg| self.insn.set(reg, Expr::Number)),
                _ => self.insn.flow = Flow::Stop,
            }
        } else if bits(word, 31, 22) == 0b1101010100 {
            self.system()?;
        } else {
            return None;
        }
        Some(())
    }

    fn system(&mut self) -> Option<()> {
        const PAN: u32 = 0b1100_0010_0001_0011;
        let word = self.word;
        let (reads, op0) = (self.bit(21), bits(word, 20, 19));
        match (op0, bits(word, 15, 12)) {
            // MSR (immediate) of PAN.
            (0, 4) if bits(word, 18, 16) == 0 && bits(word, 7, 5) == 4 => {
                let on = bits(word, 11, 8) & 1;
                self.insn.ops.push(Op::SetStatus(Expr::Const(u64::from(on) << 22)));
                self.text("msr pan");
            }
            (0, 2) if bits(word, 11, 5) == 0b001_0100 => self.text("csdb"),
            // Hints, barriers, and the other fields of PSTATE. Hints that sign or check an address change it.
            (0, 2) => {
                if matches!(bits(word, 11, 8), 1 | 3) {
                    self.insn.set(LINK, Expr::Reg(LINK));
                }
                self.text("hint");
            }
            (0, 3) if bits(word, 7, 5) == 2 => self.text("clrex"),
            (0, 3 | 4) => self.text("barrier"),
            (1, _) => {
                if reads && self.rd != 31 {
                    self.insn.set(self.rd, Expr::Number);
                }
                self.text("sys");
            }
            (2 | 3, _) => {
                let is_pan = bits(word, 20, 5) == PAN;
                self.text(if reads { "mrs" } else { "msr" });
                match (reads, is_pan) {
                    (true, true) => self.insn.set(self.rd, Expr::Status),
                    (true, false) if self.rd != 31 => self.insn.set(self.rd, Expr::Number),
                    (false, true) => self.insn.ops.push(Op::SetStatus(or_zero(self.rd))),
                    _ => {}
                }
            }
            _ => return None,
        }
        Some(())
    }
}
