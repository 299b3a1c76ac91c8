// SPDX-License-Identifier: MIT OR Apache-2.0
//! "Loads and Stores".

use super::word::{Word, or_sp, or_zero};
use crate::audit::decode::{
    bits::{bits, signed},
    insn::{Access, Binary, Expr, FLAGS, Op, Reg},
};

impl Word {
    pub fn memory(&mut self) -> Option<()> {
        let word = self.word;
        let (rt, rn) = (self.rd, self.rn);
        let size = bits(word, 31, 30);
        let vector = self.bit(26);
        let base = or_sp(rn);
        match (bits(word, 29, 27), bits(word, 25, 24)) {
            // Exclusive and ordered.
            (0b001, 0b00) if !vector => {
                let access = Access::new(base, 1 << size);
                let (load, ordered, compare) = (self.bit(22), self.bit(23), self.bit(21));
                self.text("exclusive");
                match (ordered, compare) {
                    // CAS, CASP: reads and writes.
                    (true, true) | (false, true) if ordered || !self.wide => {
                        self.insn.ops.push(Op::Store(None, access.clone()));
                        self.insn.ops.push(Op::Load(None, access));
                        let second = if ordered { self.rm } else { self.rm | 1 };
                        for reg in [self.rm, second] {
                            if reg != 31 {
                                self.insn.set(reg, Expr::Number);
                            }
                        }
                    }
                    _ if load => {
                        self.insn.ops.push(Op::Load((rt != 31).then_some(rt), access));
                        let second = bits(word, 14, 10) as Reg;
                        if compare && second != 31 {
                            self.insn.set(second, Expr::Number);
                        }
                    }
                    _ => {
                        self.insn.ops.push(Op::Store(None, access));
                        // Whether it succeeded.
                        if !ordered && self.rm != 31 {
                            self.insn.set(self.rm, Expr::Number);
                        }
                    }
                }
            }
            // Structures of vectors.
            (0b001, 0b00 | 0b01) if vector && !self.wide => {
                let access = Access::new(base.clone(), 64);
                self.insn.ops.push(match self.bit(22) {
                    true => Op::Load(None, access),
                    false => Op::Store(None, access),
                });
                if self.bit(23) {
                    self.insn.set(rn, base.plus(Expr::Number));
                }
                // Up to four in a row.
                self.insn.vectors = u32::MAX;
                self.text("ld1");
            }
            (0b011, 0b00) => {
                let target = self.insn.addr.wrapping_add_signed(signed(bits(word, 23, 5), 19) << 2);
                let width = if size == 0 || size == 2 { 4 } else { 8 };
                self.text("ldr literal");
                if vector {
                    self.insn.vectors = 1 << rt;
                }
                if vector || size != 3 {
                    let to = (!vector && rt != 31).then_some(rt);
                    self.insn.ops.push(Op::Load(to, Access::new(Expr::Const(target), width)));
                }
            }
            // LDAPUR and STLUR.
            (0b011, 0b01) if !vector && !self.bit(21) && bits(word, 11, 10) == 0 => {
                let access = Access::new(base.offset(signed(bits(word, 20, 12), 9)), 1 << size);
                self.transfer(bits(word, 23, 22) != 0, access, false);
                self.text("ldapur");
            }
            (0b011, 0b01) if size == 0 && !self.bit(21) && bits(word, 11, 10) == 1 => {
                self.copy_or_set(vector)?
            }
            (0b101, _) => self.pair(size, vector)?,
            (0b111, mode) => self.single(size, vector, mode)?,
            _ => return None,
        }
        Some(())
    }

    /// FEAT_MOPS: `rd` and `rm` go through memory, `rn` counts.
    fn copy_or_set(&mut self, tags_or_backwards: bool) -> Option<()> {
        let (rd, rn, rm) = (self.rd, self.rn, self.rm);
        let options = bits(self.word, 15, 12);
        let access =
            |addr: Reg, unprivileged: bool| Access { unprivileged, ..Access::new(Expr::Reg(addr), 0) };
        let moved = |reg: Reg| Op::Set(reg, Expr::Reg(reg).plus(Expr::Number));
        let ops = match (bits(self.word, 23, 22), tags_or_backwards) {
            (0..=2, _) => vec![
                Op::Load(None, access(rm, options & 2 != 0)),
                Op::Store(None, access(rd, options & 1 != 0)),
                moved(rm),
                moved(rd),
            ],
            (_, false) => vec![Op::Store(None, access(rd, options & 1 != 0)), moved(rd)],
            _ => return None,
        };
        self.insn.ops.extend(ops);
        self.insn.set(rn, Expr::Number);
        self.insn.set(FLAGS, Expr::Any);
        self.insn.stepwise = true;
        self.text("mops");
        Some(())
    }

    fn transfer(&mut self, loads: bool, access: Access, vector: bool) {
        let rt = self.rd;
        if vector {
            self.insn.vectors |= 1 << rt;
        }
        let op = match (loads, vector) {
            (true, true) => Op::Load(None, access),
            (true, false) => Op::Load((rt != 31).then_some(rt), access),
            (false, true) => Op::Store(None, access),
            (false, false) => Op::Store(Some(or_zero(rt)), access),
        };
        self.insn.ops.push(op);
    }

    fn pair(&mut self, opc: u32, vector: bool) -> Option<()> {
        let (first, second) = (self.rd, bits(self.word, 14, 10) as Reg);
        let width: u8 = match (vector, opc) {
            (true, 0..=2) => 4 << opc,
            (false, 0) => 4,
            (false, 1) if self.bit(22) => 4,
            (false, 2) => 8,
            _ => return None,
        };
        let offset = signed(bits(self.word, 21, 15), 7) * i64::from(width);
        let mode = bits(self.word, 24, 23);
        let addr = or_sp(self.rn).offset(if mode == 1 { 0 } else { offset });
        let start = self.insn.aside(addr);
        // The base moves before what is loaded can replace it; those that would are unpredictable.
        if mode & 1 == 1 {
            let moved = or_sp(self.rn).offset(offset);
            self.insn.set(self.rn, moved);
        }
        // A pair's second half starts at the first one's end.
        for (register, at) in [(first, 0), (second, i64::from(width))] {
            self.rd = register;
            let access = Access::new(start.clone().offset(at), width);
            self.transfer(self.bit(22), access, vector);
        }
        self.rd = first;
        self.text(if self.bit(22) { "ldp" } else { "stp" });
        Some(())
    }

    fn single(&mut self, size: u32, vector: bool, mode: u32) -> Option<()> {
        let opc = bits(self.word, 23, 22);
        let scale = if vector { size | (opc >> 1) << 2 } else { size };
        let width: u8 = 1 << scale.min(4);
        let loads = if vector { opc & 1 == 1 } else { opc != 0 };
        let is_prefetch = !vector && size == 3 && opc == 2;
        let base = or_sp(self.rn);
        let imm9 = signed(bits(self.word, 20, 12), 9);
        self.text(if loads { "ldr" } else { "str" });
        if mode == 1 {
            let offset = i64::from(bits(self.word, 21, 10)) << scale;
            if !is_prefetch {
                self.transfer(loads, Access::new(base.offset(offset), width), vector);
            }
            return Some(());
        }
        if mode != 0 {
            return None;
        }
        match (self.bit(21), bits(self.word, 11, 10)) {
            (false, 0) | (true, 2) if is_prefetch => {}
            (false, 0) => self.transfer(loads, Access::new(base.offset(imm9), width), vector),
            (false, 1 | 3) => {
                let before = bits(self.word, 11, 10) == 3;
                let addr = self.insn.aside(base.clone().offset(if before { imm9 } else { 0 }));
                self.insn.set(self.rn, base.offset(imm9));
                self.transfer(loads, Access::new(addr, width), vector);
            }
            (false, _) if !vector => {
                self.transfer(loads, Access::unprivileged(base.offset(imm9), width), false);
                self.text(if loads { "ldtr" } else { "sttr" });
            }
            (true, 2) => {
                let shift = if self.bit(12) { scale } else { 0 };
                // LSL and SXTX take all of the index, the others a half.
                let index = match bits(self.word, 15, 13) {
                    3 | 7 => or_zero(self.rm),
                    2 => or_zero(self.rm).low(32),
                    6 => Expr::Mix(vec![or_zero(self.rm)]),
                    _ => return None,
                };
                let index = match shift {
                    0 => index,
                    _ => Expr::binary(Binary::Shl, index, Expr::Const(shift.into())),
                };
                self.transfer(loads, Access::new(base.plus(index), width), vector);
            }
            // Atomics of LSE, LDAPR.
            (true, 0) if !vector => {
                let access = Access::new(base, width);
                if bits(self.word, 15, 12) != 0b1100 {
                    self.insn.ops.push(Op::Store(None, access.clone()));
                }
                self.transfer(true, access, false);
                self.text("atomic");
            }
            _ => return None,
        }
        Some(())
    }
}
