// SPDX-License-Identifier: MIT OR Apache-2.0
//! Instructions that compute: "Data Processing" with an immediate, with registers, and of floats.

use super::word::{Word, name, or_sp, or_zero};
use crate::audit::decode::{
    bits::{bits, signed},
    insn::{Binary, Expr, FLAGS, Reg},
};

impl Word {
    pub fn immediate(&mut self) -> Option<()> {
        let (rn, immr, imms) = (self.rn, bits(self.word, 21, 16), bits(self.word, 15, 10));
        match bits(self.word, 28, 23) {
            0b100000 | 0b100001 => {
                let offset = signed(bits(self.word, 23, 5) << 2 | bits(self.word, 30, 29), 21);
                let (base, offset) = if self.wide {
                    (self.insn.addr & !0xfff, offset << 12)
                } else {
                    (self.insn.addr, offset)
                };
                self.wide = true;
                self.write(Expr::Const(base.wrapping_add_signed(offset)));
                self.text("adr");
            }
            0b100010 => {
                let imm = u64::from(bits(self.word, 21, 10)) << if self.bit(22) { 12 } else { 0 };
                let op = if self.bit(30) { Binary::Sub } else { Binary::Add };
                self.add_or_sub(op, or_sp(rn), Expr::Const(imm), format!("x{rn},{imm}"), true);
            }
            0b100100 => {
                let mask = logical_mask(self.wide, self.bit(22), immr, imms)?;
                self.logical(or_zero(rn), Expr::Const(mask), true);
            }
            0b100101 => {
                let shift = bits(self.word, 22, 21) * 16;
                let imm = u64::from(bits(self.word, 20, 5)) << shift;
                let value = match bits(self.word, 30, 29) {
                    0 => Expr::Const(!imm),
                    2 => Expr::Const(imm),
                    3 => or_zero(self.rd).and(Expr::Const(!(0xffff << shift))).or(Expr::Const(imm)),
                    _ => return None,
                };
                self.write(value);
                self.text("mov");
            }
            0b100110 => {
                let value = Expr::Mix(vec![or_zero(rn), or_zero(self.rd)]);
                let top = if self.wide { 63 } else { 31 };
                let constant = |value: u32| Expr::Const(value.into());
                // UBFM as LSR, LSL and UBFX; the other fields are moved in ways that no proof needs.
                let value = match bits(self.word, 30, 29) {
                    2 if imms == top => Expr::binary(Binary::Shr, or_zero(rn), constant(immr)),
                    2 if imms + 1 == immr => Expr::binary(Binary::Shl, or_zero(rn), constant(top - imms)),
                    2 if imms >= immr => Expr::binary(Binary::Shr, or_zero(rn), constant(immr))
                        .and(Expr::Const(u64::MAX >> (63 - (imms - immr)))),
                    3 => return None,
                    _ => value,
                };
                self.write(value);
                self.text("bfm");
            }
            0b100111 => {
                self.write(Expr::Mix(vec![or_zero(rn), or_zero(self.rm)]));
                self.text("extr");
            }
            _ => return None,
        }
        Some(())
    }

    /// ADD, SUB and their forms that set flags; with an immediate, 31 is the stack pointer.
    fn add_or_sub(&mut self, op: Binary, left: Expr, right: Expr, operands: String, immediate: bool) {
        let sets = self.bit(29);
        let base = if op == Binary::Add { "add" } else { "sub" };
        let result = Expr::binary(op, left, right);
        self.insn.text = match (sets, self.rd) {
            (true, 31) if op == Binary::Sub => format!("cmp {operands}"),
            (true, _) => format!("{base}s {},{operands}", name(self.rd)),
            (false, _) => format!("{base} {},{operands}", name(self.rd)),
        };
        if sets {
            self.flags(result.clone());
            self.write(result);
        } else if immediate {
            self.write_or_sp(result);
        } else {
            self.write(result);
        }
    }

    fn logical(&mut self, left: Expr, right: Expr, immediate: bool) {
        let value = match bits(self.word, 30, 29) {
            1 => left.or(right),
            2 => Expr::binary(Binary::Xor, left, right),
            _ => left.and(right),
        };
        if bits(self.word, 30, 29) == 3 {
            self.flags(value.clone());
            self.write(value);
        } else if immediate {
            self.write_or_sp(value);
        } else {
            self.write(value);
        }
        self.text("logical");
    }

    pub fn registers(&mut self) -> Option<()> {
        let word = self.word;
        let (rn, rm) = (self.rn, self.rm);
        let mix = Expr::Mix(vec![or_zero(rn), or_zero(rm)]);
        let amount = bits(word, 15, 10);
        let shifted = match (bits(word, 23, 22), amount) {
            (_, 0) => or_zero(rm),
            (0, by) => Expr::binary(Binary::Shl, or_zero(rm), Expr::Const(by.into())),
            (1, by) => Expr::binary(Binary::Shr, or_zero(rm), Expr::Const(by.into())),
            _ => Expr::Mix(vec![or_zero(rm)]),
        };
        match bits(word, 28, 24) {
            0b01010 => {
                let right = if self.bit(21) { shifted.not() } else { shifted };
                // ORR with the zero register is how a register is moved.
                if bits(word, 30, 29) == 1 && rn == 31 {
                    self.write(right);
                    self.text("mov");
                } else {
                    self.logical(or_zero(rn), right, false);
                }
            }
            0b01011 if !self.bit(21) => {
                let op = if self.bit(30) { Binary::Sub } else { Binary::Add };
                let suffix = if amount == 0 { String::new() } else { format!(",shift {amount}") };
                let operands = format!("{},{}{suffix}", name(rn), name(rm));
                self.add_or_sub(op, or_zero(rn), shifted, operands, false);
            }
            0b01011 => {
                let extended = match bits(word, 15, 13) {
                    3 | 7 => or_zero(rm),
                    0 => or_zero(rm).low(8),
                    1 => or_zero(rm).low(16),
                    2 => or_zero(rm).low(32),
                    _ => Expr::Mix(vec![or_zero(rm)]),
                };
                let by = bits(word, 12, 10);
                let extended = match by {
                    0 => extended,
                    _ => Expr::binary(Binary::Shl, extended, Expr::Const(by.into())),
                };
                let op = if self.bit(30) { Binary::Sub } else { Binary::Add };
                self.add_or_sub(op, or_sp(rn), extended, format!("x{rn},extended"), true);
            }
            0b11010 => match bits(word, 23, 21) {
                0 => {
                    self.flags(Expr::Any);
                    self.write(mix);
                    self.text("adc");
                }
                2 => {
                    self.flags(Expr::Any);
                    self.text("ccmp");
                }
                4 => {
                    // CSEL; the others change the second register on its way.
                    let plain = !self.bit(30) && !self.bit(10);
                    let second = if plain { or_zero(rm) } else { Expr::Mix(vec![or_zero(rm)]) };
                    self.write(Expr::either(or_zero(rn), second));
                    let condition = match bits(word, 15, 12) {
                        2 => "hs",
                        _ => "other",
                    };
                    let form = if plain { "csel" } else { "csinc" };
                    self.insn.text =
                        format!("{form} {},{},{},{condition}", name(self.rd), name(rn), name(rm));
                }
                6 => {
                    self.write(mix);
                    self.text("data");
                }
                _ => return None,
            },
            0b11011 => {
                let added = or_zero(bits(word, 14, 10) as Reg);
                self.write(Expr::Mix(vec![or_zero(rn), or_zero(rm), added]));
                self.text("madd");
            }
            _ => return None,
        }
        Some(())
    }

    /// Floating point and vectors: of interest are only those that write a general register, or the flags.
    pub fn floating(&mut self) {
        let word = self.word;
        let converts = bits(word, 30, 24) & 0x5f == 0x1e;
        let moves = matches!(word & 0xbfe0_fc00, 0x0e00_3c00 | 0x0e00_2c00);
        if converts {
            self.insn.set(FLAGS, Expr::Any);
        }
        // Between the two kinds of registers: bits 15:10 are 0, or bit 21 is (fixed point). Which way, the opcode says: both
        // are taken for read here, and the general one for written.
        let general = converts && (bits(word, 15, 10) == 0 || !self.bit(21)) || moves;
        if general && self.rd != 31 {
            self.insn.set(self.rd, Expr::Any);
        }
        // DUP from a general register, MOVI and its kin have none in the place of the second.
        let second = if word & 0xbfe0_fc00 == 0x0e00_0c00 || word & 0x9ff8_0c00 == 0x0f00_0400 {
            0
        } else {
            1 << self.rn
        };
        self.insn.vectors = second | if general { 0 } else { 1 << self.rd };
        self.text("float");
    }
}

/// The immediate of a logical instruction (C3.4.2, `DecodeBitMasks`).
pub fn logical_mask(wide: bool, n: bool, immr: u32, imms: u32) -> Option<u64> {
    let length = u32::from(n) << 6 | (!imms & 0x3f);
    let size_bits = 31_u32.checked_sub(length.leading_zeros())?;
    let size = 1_u32 << size_bits;
    if size_bits == 0 || (!wide && size > 32) {
        return None;
    }
    let (ones, rotation) = (imms & (size - 1), immr & (size - 1));
    if ones == size - 1 {
        return None;
    }
    let element = u64::MAX >> (63 - ones);
    let within = if size == 64 { u64::MAX } else { (1 << size) - 1 };
    let rotated =
        if rotation == 0 { element } else { (element >> rotation | element << (size - rotation)) & within };
    let mut mask = 0;
    for copy in 0..64 / size {
        mask |= rotated << (copy * size);
    }
    Some(if wide { mask } else { mask & 0xffff_ffff })
}
