// SPDX-License-Identifier: MIT OR Apache-2.0
//! aarch64, by the Arm ARM, chapter C4 ("A64 Instruction Set Encoding").

use crate::audit::{
    bounded::{
        micro::{
            Address, Alu, Condition, Extend, Flagging, Micro, Operand, Reg, SCRATCH, Stage, VectorOp, ZERO,
        },
        text::{Immediate, Translated},
    },
    decode::{
        aarch64::data::logical_mask,
        bits::{bits, signed},
    },
};

pub fn translate(bytes: &[u8], addr: u64) -> Translated {
    let word = bytes.first_chunk().map_or(0, |word| u32::from_le_bytes(*word));
    let immediate = match (bits(word, 28, 23), word) {
        (0b10_0010, _) => Some(Immediate { byte: 0, bytes: 4, bit: 10, bits: 12 }),
        (0b10_0101, _) => Some(Immediate { byte: 0, bytes: 4, bit: 5, bits: 16 }),
        _ => None,
    };
    let micros = Word { word, addr, micros: Vec::new() }.micros();
    Translated { len: 4, micros: micros.unwrap_or_else(|| vec![Micro::Unknown]), immediate }
}

struct Word {
    word: u32,
    addr: u64,
    micros: Vec<Micro>,
}

/// Register 31 as the zero register.
fn reg(number: u32) -> Reg {
    if number == 31 { ZERO } else { number as Reg }
}

impl Word {
    fn micros(mut self) -> Option<Vec<Micro>> {
        match bits(self.word, 28, 25) {
            0b1000 | 0b1001 => self.immediate()?,
            0b1010 | 0b1011 => self.branch()?,
            0b0100 | 0b0110 | 0b1100 | 0b1110 => self.memory()?,
            0b0101 | 0b1101 => self.registers()?,
            0b0111 | 0b1111 => self.vector()?,
            _ => return None,
        }
        Some(self.micros)
    }

    fn field(&self, low: u32) -> Reg {
        reg(bits(self.word, low + 4, low))
    }

    fn width(&self) -> u8 {
        if self.word >> 31 == 1 { 64 } else { 32 }
    }

    /// An operation whose result may go nowhere.
    fn alu(&mut self, op: Alu, a: Reg, b: Operand, sets_flags: bool) {
        let (to, bits) = (self.field(0), self.width());
        let flags = if sets_flags { Flagging::Arm } else { Flagging::None };
        self.micros.push(match to {
            ZERO => Micro::Test { op, a, b, bits, flags },
            _ => Micro::Alu { op, to, a, b, bits, flags },
        });
    }

    fn immediate(&mut self) -> Option<()> {
        let word = self.word;
        let (rd, rn) = (self.field(0), self.field(5));
        match bits(word, 28, 23) {
            // ADR, ADRP.
            0b10_0000 | 0b10_0001 => {
                let offset = signed(bits(word, 23, 5) << 2 | bits(word, 30, 29), 21);
                let value = match word >> 31 {
                    1 => (self.addr & !0xfff).wrapping_add_signed(offset << 12),
                    _ => self.addr.wrapping_add_signed(offset),
                };
                let b = Operand::Number(value);
                self.micros.push(Micro::Alu {
                    op: Alu::Take,
                    to: rd,
                    a: ZERO,
                    b,
                    bits: 64,
                    flags: Flagging::None,
                });
            }
            0b10_0010 => {
                let sets = bits(word, 29, 29) == 1;
                // No routine computes with the stack pointer.
                if rn == ZERO || (rd == ZERO && !sets) {
                    return None;
                }
                let number = u64::from(bits(word, 21, 10)) << (12 * bits(word, 22, 22));
                let op = if bits(word, 30, 30) == 1 { Alu::Sub } else { Alu::Add };
                self.alu(op, rn, Operand::Number(number), sets);
                if op == Alu::Add && sets {
                    return None;
                }
            }
            0b10_0100 => {
                let mask = logical_mask(
                    word >> 31 == 1,
                    bits(word, 22, 22) == 1,
                    bits(word, 21, 16),
                    bits(word, 15, 10),
                )?;
                let op = [Alu::And, Alu::Or, Alu::Xor, Alu::And][bits(word, 30, 29) as usize];
                self.alu(op, rn, Operand::Number(mask), bits(word, 30, 29) == 3);
            }
            0b10_0101 => {
                let shift = 16 * bits(word, 22, 21);
                let number = u64::from(bits(word, 20, 5)) << shift;
                match bits(word, 30, 29) {
                    0 => self.alu(Alu::Take, ZERO, Operand::Number(!number), false),
                    2 => self.alu(Alu::Take, ZERO, Operand::Number(number), false),
                    3 => {
                        self.alu(Alu::AndNot, rd, Operand::Number(0xffff << shift), false);
                        self.alu(Alu::Or, rd, Operand::Number(number), false);
                    }
                    _ => return None,
                }
            }
            // UBFM: `lsl`, `lsr`, `ubfx`.
            0b10_0110 if bits(word, 30, 29) == 2 => {
                let (immr, imms) = (bits(word, 21, 16), bits(word, 15, 10));
                let ones =
                    |width: u32| Operand::Number(if width == 64 { u64::MAX } else { (1 << width) - 1 });
                if imms >= immr {
                    self.alu(Alu::Shr, rn, Operand::Number(immr.into()), false);
                    self.alu(Alu::And, rd, ones(imms - immr + 1), false);
                } else {
                    self.alu(Alu::And, rn, ones(imms + 1), false);
                    let by = u32::from(self.width()) - immr;
                    self.alu(Alu::Shl, rd, Operand::Number(by.into()), false);
                }
            }
            _ => return None,
        }
        Some(())
    }

    fn branch(&mut self) -> Option<()> {
        let word = self.word;
        let rt = self.field(0);
        let to = |offset: i64| self.addr.wrapping_add_signed(offset << 2);
        let far = to(signed(bits(word, 25, 0), 26));
        let middle = to(signed(bits(word, 23, 5), 19));
        let near = to(signed(bits(word, 18, 5), 14));
        let not_zero = bits(word, 24, 24) == 1;
        let micro = match bits(word, 31, 24) {
            0x14..=0x17 => Micro::Jump(far),
            0x94..=0x97 => Micro::Call(far),
            0x34 | 0x35 | 0xb4 | 0xb5 => {
                let condition = if not_zero { Condition::NotEqual } else { Condition::Equal };
                Micro::BranchIf { condition, a: rt, b: ZERO, bits: self.width(), target: middle }
            }
            0x36 | 0x37 | 0xb6 | 0xb7 => {
                let bit = (bits(word, 31, 31) << 5 | bits(word, 23, 19)) as u8;
                Micro::BranchBit { of: rt, bit, set: not_zero, target: near }
            }
            // The carry is kept as a borrow.
            0x54 if bits(word, 4, 4) == 0 => {
                let condition = match bits(word, 3, 0) {
                    0 => Condition::Equal,
                    1 => Condition::NotEqual,
                    2 => Condition::AtLeast,
                    3 => Condition::Below,
                    4 => Condition::Negative,
                    5 => Condition::NotNegative,
                    8 => Condition::Above,
                    9 => Condition::AtMost,
                    10 => Condition::GreaterEqual,
                    11 => Condition::Less,
                    12 => Condition::Greater,
                    13 => Condition::LessEqual,
                    _ => return None,
                };
                Micro::Branch { condition, target: middle }
            }
            _ if word == 0xd65f_03c0 => Micro::Return,
            // HINT.
            _ if word & 0xffff_f01f == 0xd503_201f => return Some(()),
            _ => return None,
        };
        self.micros.push(micro);
        Some(())
    }

    fn registers(&mut self) -> Option<()> {
        let word = self.word;
        let (rn, rm) = (self.field(5), self.field(16));
        match (bits(word, 28, 24), bits(word, 21, 21)) {
            (0b01010, negated) => {
                let b = self.shifted(rm)?;
                let op = match (bits(word, 30, 29), negated) {
                    (0 | 3, 0) => Alu::And,
                    (0 | 3, _) => Alu::AndNot,
                    (1, 0) => Alu::Or,
                    (2, 0) => Alu::Xor,
                    _ => return None,
                };
                self.alu(op, rn, b, bits(word, 30, 29) == 3);
            }
            (0b01011, 0) => {
                let b = self.shifted(rm)?;
                let op = if bits(word, 30, 30) == 1 { Alu::Sub } else { Alu::Add };
                let sets = bits(word, 29, 29) == 1;
                if op == Alu::Add && sets {
                    return None;
                }
                self.alu(op, rn, b, sets);
            }
            _ => match (bits(word, 30, 21), bits(word, 15, 10)) {
                (0b00_1101_0110, 0b001000) => self.alu(Alu::Shl, rn, Operand::Reg(rm), false),
                (0b00_1101_0110, 0b001001) => self.alu(Alu::Shr, rn, Operand::Reg(rm), false),
                (0b00_1101_1000, 0b011111) => self.alu(Alu::Mul, rn, Operand::Reg(rm), false),
                _ => return None,
            },
        }
        Some(())
    }

    fn shifted(&mut self, rm: Reg) -> Option<Operand> {
        let by = bits(self.word, 15, 10);
        if by == 0 {
            return Some(Operand::Reg(rm));
        }
        let op = [Alu::Shl, Alu::Shr, Alu::Sar].get(bits(self.word, 23, 22) as usize).copied()?;
        let b = Operand::Number(by.into());
        self.micros.push(Micro::Alu { op, to: SCRATCH, a: rm, b, bits: self.width(), flags: Flagging::None });
        Some(Operand::Reg(SCRATCH))
    }

    fn memory(&mut self) -> Option<()> {
        let word = self.word;
        let vector = bits(word, 26, 26) == 1;
        match (bits(word, 29, 27), bits(word, 25, 24)) {
            (0b011, 0b01) if bits(word, 21, 21) == 0 && bits(word, 11, 10) == 1 => self.bulk(vector),
            (0b101, 0b00 | 0b01) => self.pair(vector),
            (0b111, 0b00) if bits(word, 21, 21) == 0 => {
                let offset = signed(bits(word, 20, 12), 9);
                match bits(word, 11, 10) {
                    0 => self.single(vector, offset, None),
                    1 => self.single(vector, 0, Some(offset)),
                    2 if !vector => self.single(vector, offset, None),
                    _ => None,
                }
            }
            (0b111, 0b01) => {
                let shift = if vector && bits(word, 23, 23) == 1 { 4 } else { bits(word, 31, 30) };
                self.single(vector, i64::from(bits(word, 21, 10)) << shift, None)
            }
            _ => None,
        }
    }

    /// One register; afterwards its address may move.
    fn single(&mut self, vector: bool, offset: i64, moves: Option<i64>) -> Option<()> {
        let word = self.word;
        let (rt, rn) = (self.field(0), self.field(5));
        if rn == ZERO {
            return None;
        }
        let (size, opc) = (bits(word, 31, 30), bits(word, 23, 22));
        let address = Address::new(rn, offset);
        let micro = if vector {
            if size != 0 || opc < 2 {
                return None;
            }
            let register = [bits(word, 4, 0) as Reg, ZERO];
            if opc == 3 {
                Micro::LoadVector { to: register, count: 1, address, size: 16, keeps_upper: true }
            } else {
                Micro::StoreVector { from: register, count: 1, address, size: 16 }
            }
        } else {
            match opc {
                0 => Micro::Store { from: Operand::Reg(rt), address, size: 1 << size },
                1 => Micro::Load { to: rt, address, size: 1 << size, extend: Extend::Zeros },
                _ => return None,
            }
        };
        self.micros.push(micro);
        if let Some(by) = moves {
            let b = Operand::Number(by as u64);
            self.micros.push(Micro::Alu { op: Alu::Add, to: rn, a: rn, b, bits: 64, flags: Flagging::None });
        }
        Some(())
    }

    fn pair(&mut self, vector: bool) -> Option<()> {
        let word = self.word;
        // With an offset only.
        if bits(word, 25, 23) != 0b010 || bits(word, 31, 30) != 2 {
            return None;
        }
        let rn = self.field(5);
        if rn == ZERO {
            return None;
        }
        let scale = if vector { 4 } else { 3 };
        let address = Address::new(rn, signed(bits(word, 21, 15), 7) << scale);
        let registers = [bits(word, 4, 0), bits(word, 14, 10)];
        let loads = bits(word, 22, 22) == 1;
        self.micros.push(if vector {
            let registers = registers.map(|number| number as Reg);
            if loads {
                Micro::LoadVector { to: registers, count: 2, address, size: 32, keeps_upper: true }
            } else {
                Micro::StoreVector { from: registers, count: 2, address, size: 32 }
            }
        } else {
            let registers = registers.map(reg);
            if loads {
                Micro::LoadPair { to: registers, address }
            } else {
                Micro::StorePair { from: registers, address }
            }
        });
        Some(())
    }

    /// FEAT_MOPS.
    fn bulk(&mut self, backwards: bool) -> Option<()> {
        let word = self.word;
        let registers = [self.field(0), self.field(16), self.field(5)];
        let (stage, is_set) = match bits(word, 23, 22) {
            3 => (bits(word, 15, 14), true),
            stage => (stage, false),
        };
        let stage = match stage {
            0 => Stage::Prologue,
            1 => Stage::Main,
            2 => Stage::Epilogue,
            _ => return None,
        };
        (!backwards).then_some(())?;
        self.micros.push(Micro::Bulk { stage, registers, is_set });
        Some(())
    }

    fn vector(&mut self) -> Option<()> {
        let word = self.word;
        let (to, b) = (bits(word, 4, 0) as Reg, bits(word, 9, 5) as Reg);
        let op = match word & 0xffff_fc00 {
            // CMEQ with 0, of 16 bytes. `a` is a register of zeros.
            0x4e20_9800 => VectorOp::EqualBytes,
            // SHRN of 8 halves, by 4.
            0x0f0c_8400 => VectorOp::Narrow4,
            // FMOV of 8 bytes.
            0x9e66_0000 => {
                self.micros.push(Micro::VectorTo { to: self.field(0), from: b });
                return Some(());
            }
            _ => return None,
        };
        self.micros.push(Micro::Vector { op, to, a: ZERO, b, size: 16, keeps_upper: true });
        Some(())
    }
}
