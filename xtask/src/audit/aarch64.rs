// SPDX-License-Identifier: MIT OR Apache-2.0
//! aarch64: a decoder by the Arm ARM, chapter C4 ("A64 Instruction Set Encoding"). What it does not name, it
//! does not know.

use object::Architecture;

use super::{
    insn::{Access, Binary, Condition, Expr, FLAGS, Flow, Insn, Op, Reg},
    machine::{Guard, Isa, Lacking},
};

const LINK: Reg = 30;
const SP: Reg = 31;

pub const ISA: Isa = Isa {
    name: "aarch64",
    architecture: Architecture::Aarch64,
    decode,
    unit: 4,
    stack: SP,
    link: Some(LINK),
    arguments: [0, 1, 2],
    cause: 1,
    preserved: &[18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, SP],
    // PSTATE.PAN, as MRS and MSR show it (C5.2.18). Where the CPU has none, the routines need none: they use
    // the unprivileged forms.
    window: Guard::Bit { bit: 22, open: false, lacking: Lacking::Undefined { known: 1, feature: 2 } },
    mask: &["subs R,I,L", "csel R,R,xzr,hs", "cmp R,C", "csel C,C,xzr,hs", "csdb"],
    register,
    nop: &[0x1f, 0x20, 0x03, 0xd5],
    call: &0x9400_0001_u32.to_le_bytes(),
    plain: Some(plain),
    edge: None,
};

/// LDTR and STTR differ from LDUR and STUR in bit 11; the copies say in bits 12 and 13 which side they do as
/// user mode would.
fn plain(insn: &[u8]) -> Vec<u8> {
    let bits = if insn[3] & 0x3f == 0x19 { 3 << 4 } else { 1 << 3 };
    vec![insn[0], insn[1] & !bits, insn[2], insn[3]]
}

fn register(name: &str) -> Option<Reg> {
    name.strip_prefix('x')?.parse().ok()
}

fn bits(word: u32, high: u32, low: u32) -> u32 {
    word << (31 - high) >> (31 - high + low)
}

fn signed(value: u32, width: u32) -> i64 {
    i64::from((value << (32 - width)).cast_signed() >> (32 - width))
}

/// Register 31 is 0 here.
fn or_zero(number: Reg) -> Expr {
    if number == 31 { Expr::Const(0) } else { Expr::Reg(number) }
}

/// Register 31 is the stack pointer here.
fn or_sp(number: Reg) -> Expr {
    Expr::Reg(number)
}

fn name(number: Reg) -> String {
    if number == 31 { "xzr".to_owned() } else { format!("x{number}") }
}

fn decode(bytes: &[u8], addr: u64) -> Option<Insn> {
    let word = u32::from_le_bytes(*bytes.first_chunk()?);
    let field = |low| bits(word, low + 4, low) as Reg;
    let mut decoder = Word {
        insn: Insn::new(addr, 4, String::new()),
        word,
        rd: field(0),
        rn: field(5),
        rm: field(16),
        wide: word >> 31 == 1,
    };
    match bits(word, 28, 25) {
        0b1000 | 0b1001 => decoder.immediate()?,
        0b1010 | 0b1011 => decoder.branch_or_system()?,
        0b0100 | 0b0110 | 0b1100 | 0b1110 => decoder.memory()?,
        0b0101 | 0b1101 => decoder.registers()?,
        0b0111 | 0b1111 => decoder.floating(),
        _ => return None,
    }
    Some(decoder.insn)
}

struct Word {
    insn: Insn,
    word: u32,
    /// Also `Rt`.
    rd: Reg,
    rn: Reg,
    rm: Reg,
    wide: bool,
}

impl Word {
    fn bit(&self, bit: u32) -> bool {
        self.word >> bit & 1 == 1
    }

    /// Writes the register, unless it is the one that is always 0.
    fn write(&mut self, value: Expr) {
        let value = if self.wide { value } else { value.low(32) };
        if self.rd != 31 {
            self.insn.set(self.rd, value);
        }
    }

    fn write_or_sp(&mut self, value: Expr) {
        let value = if self.wide { value } else { value.low(32) };
        self.insn.set(self.rd, value);
    }

    fn text(&mut self, name: &str) {
        self.insn.text = name.to_owned();
    }

    fn flags(&mut self, value: Expr) {
        let value = if self.wide { value } else { value.low(32) };
        self.insn.set(FLAGS, value);
    }

    fn immediate(&mut self) -> Option<()> {
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

    fn branch_or_system(&mut self) -> Option<()> {
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

    fn memory(&mut self) -> Option<()> {
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
                self.text("ld1");
            }
            (0b011, 0b00) => {
                let target = self.insn.addr.wrapping_add_signed(signed(bits(word, 23, 5), 19) << 2);
                let width = if size == 0 || size == 2 { 4 } else { 8 };
                self.text("ldr literal");
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
            (_, _) if is_prefetch => {}
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

    fn registers(&mut self) -> Option<()> {
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
    fn floating(&mut self) {
        let word = self.word;
        let converts = bits(word, 30, 24) & 0x5f == 0x1e;
        let moves = matches!(word & 0xbfe0_fc00, 0x0e00_3c00 | 0x0e00_2c00);
        if converts {
            self.insn.set(FLAGS, Expr::Any);
        }
        // Between the two kinds of registers: bits 15:10 are 0, or bit 21 is (fixed point).
        if (converts && (bits(word, 15, 10) == 0 || !self.bit(21)) || moves) && self.rd != 31 {
            self.insn.set(self.rd, Expr::Any);
        }
        self.text("float");
    }
}

/// The immediate of a logical instruction (C3.4.2, `DecodeBitMasks`).
fn logical_mask(wide: bool, n: bool, immr: u32, imms: u32) -> Option<u64> {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn read(word: u32) -> Insn {
        decode(&word.to_le_bytes(), 0x1000).unwrap()
    }

    #[test]
    fn the_two_sides_of_a_copy_are_told_apart() {
        // ldtr x8,[x3]; ldur x8,[x3]; sttrb w8,[x4]; stp x8,x9,[x4,16].
        let sides = |word| {
            let insn = read(word);
            insn.accesses().map(|(_, it)| (it.size, it.unprivileged)).collect::<Vec<_>>()
        };
        assert_eq!(sides(0xf840_0868), [(8, true)]);
        assert_eq!(sides(0xf840_0068), [(8, false)]);
        assert_eq!(sides(0x3800_0888), [(1, true)]);
        assert_eq!(sides(0xa901_2488), [(8, false), (8, false)]);
        // cpyfprt, cpyfpwt, cpyfpt [x4]!,[x3]!,x2!; setpt [x4]!,x2!,x8: the load, then the store.
        assert_eq!(sides(0x1903_2444), [(0, true), (0, false)]);
        assert_eq!(sides(0x1903_1444), [(0, false), (0, true)]);
        assert_eq!(sides(0x1903_3444), [(0, true), (0, true)]);
        assert_eq!(sides(0x19c8_1444), [(0, true)]);
        assert_eq!(plain(&0xf840_0868_u32.to_le_bytes()), 0xf840_0068_u32.to_le_bytes());
        assert!(decode(&[0; 4], 0).is_none());
    }

    #[test]
    fn instructions_are_read_as_an_assembler_writes_them() {
        for (word, expected) in [
            (0xeb02_0028, "subs x8,x1,x2"),
            (0x9a9f_2108, "csel x8,x8,xzr,hs"),
            (0xeb00_011f, "cmp x8,x0"),
            (0xd503_229f, "csdb"),
            (0xd503_201f, "hint"),
            (0xd500_419f, "msr pan"),
            (0xd503_3f5f, "clrex"),
            (0xd503_3bbf, "barrier"),
        ] {
            assert_eq!(read(word).text, expected, "{word:#x}");
        }
        assert_eq!(logical_mask(true, true, 0, 11), Some(0xfff));
        assert_eq!(logical_mask(false, false, 0, 7), Some(0xff));
        assert_eq!(logical_mask(true, true, 61, 60), Some(!7));
        // tbz x2,5,+8; b.eq -4; ret.
        assert!(matches!(read(0x3628_0042).flow, Flow::Branch(0x1008, Condition::IfZero(_))));
        assert!(matches!(read(0x54ff_ffe0).flow, Flow::Branch(0xffc, Condition::IfZero(_))));
        assert!(matches!(read(0xd65f_03c0).flow, Flow::JumpTo(Expr::Reg(30))));
    }
}
