// SPDX-License-Identifier: MIT OR Apache-2.0
//! loongarch64: a decoder by the Reference Manual vol. 1, appendix B ("Table of Instruction Encoding"). What
//! it does not name, it does not know.
//!
//! No crate replaces it: none that is published is for LoongArch, and `capstone` 0.14.0 brings version 5.0.6 of its engine, which
//! does not know it either.

use object::Architecture;

use super::{
    bits::{bits, signed},
    insn::{Access, Binary, Condition, Expr, Flow, Insn, Op, Reg},
    isa::{Guard, Isa},
};

const RA: Reg = 1;
const SP: Reg = 3;

const NAMES: [&str; 32] = [
    "zero", "ra", "tp", "sp", "a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7", "t0", "t1", "t2", "t3", "t4",
    "t5", "t6", "t7", "t8", "r21", "fp", "s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8",
];

pub const ISA: Isa = Isa {
    name: "loongarch64",
    architecture: Architecture::LoongArch64,
    decode,
    unit: 4,
    stack: SP,
    link: Some(RA),
    arguments: [4, 5, 6],
    cause: 5,
    preserved: &[2, SP, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31],
    window: Guard::None,
    mask: &["sub.d R,I,L", "sltu W,I,L", "sltu R,R,A", "or R,R,W", "masknez C,A,R"],
    names: &NAMES,
    nop: &[0, 0, 0x40, 0x03],
    call: &0x5400_0400_u32.to_le_bytes(),
    plain: None,
    vectors: None,
    edge: None,
};

/// The value of a register; the first is 0.
fn reg(number: Reg) -> Expr {
    if number == 0 { Expr::Const(0) } else { Expr::Reg(number) }
}

fn decode(bytes: &[u8], addr: u64) -> Option<Insn> {
    let word = u32::from_le_bytes(*bytes.first_chunk()?);
    let field = |low| bits(word, low + 4, low) as Reg;
    let (rd, rj, rk) = (field(0), field(5), field(10));
    let insn = Insn::new(addr, 4, String::new());
    let mut decoder = Word { insn, word, rd, rj, rk };
    decoder
        .branch()
        .or_else(|| decoder.memory())
        .or_else(|| decoder.arithmetic())
        .or_else(|| decoder.other())?;
    Some(decoder.insn)
}

struct Word {
    insn: Insn,
    word: u32,
    rd: Reg,
    rj: Reg,
    rk: Reg,
}

impl Word {
    fn branch(&mut self) -> Option<()> {
        let (rd, rj) = (self.rd, self.rj);
        let near = signed(bits(self.word, 25, 10), 16) << 2;
        let middle = signed(bits(self.word, 4, 0) << 16 | bits(self.word, 25, 10), 21) << 2;
        let far = signed(bits(self.word, 9, 0) << 16 | bits(self.word, 25, 10), 26) << 2;
        let to = |offset: i64| self.insn.addr.wrapping_add_signed(offset);
        let apart = reg(rj).minus(reg(rd));
        let (name, flow) = match bits(self.word, 31, 26) {
            0x10 => ("beqz", Flow::Branch(to(middle), Condition::IfZero(reg(rj)))),
            0x11 => ("bnez", Flow::Branch(to(middle), Condition::IfNot(reg(rj)))),
            0x12 => ("bceqz", Flow::Branch(to(middle), Condition::Unknown)),
            0x13 => {
                let target = self.insn.aside(reg(rj).offset(near));
                self.link(rd);
                ("jirl", if rd == 0 { Flow::JumpTo(target) } else { Flow::CallTo(target) })
            }
            0x14 => ("b", Flow::Jump(to(far))),
            0x15 => {
                let target = to(far);
                self.link(RA);
                ("bl", Flow::Call(target))
            }
            0x16 => ("beq", Flow::Branch(to(near), Condition::IfZero(apart))),
            0x17 => ("bne", Flow::Branch(to(near), Condition::IfNot(apart))),
            0x18 => ("blt", Flow::Branch(to(near), Condition::Unknown)),
            0x19 => ("bge", Flow::Branch(to(near), Condition::Unknown)),
            0x1a => ("bltu", Flow::Branch(to(near), Condition::Unknown)),
            0x1b => ("bgeu", Flow::Branch(to(near), Condition::Unknown)),
            _ => return None,
        };
        self.insn.text = name.to_owned();
        self.insn.flow = flow;
        Some(())
    }

    fn memory(&mut self) -> Option<()> {
        let (rd, rj, rk) = (self.rd, self.rj, self.rk);
        let by12 = reg(rj).offset(signed(bits(self.word, 21, 10), 12));
        let by14 = reg(rj).offset(signed(bits(self.word, 23, 10), 14) << 2);
        let indexed = reg(rj).plus(reg(rk));
        let gpr = (rd != 0).then_some(rd);
        // Loads.
        let found = match (bits(self.word, 31, 24), bits(self.word, 31, 22), bits(self.word, 31, 15)) {
            (_, op @ 0xa0..=0xa3, _) => Some(("ld", gpr, by12.clone(), 1 << (op & 3))),
            (_, op @ 0xa8..=0xaa, _) => Some(("ld.u", gpr, by12.clone(), 1 << (op & 3))),
            (_, op @ (0xac | 0xae), _) => Some(("fld", None, by12.clone(), if op == 0xac { 4 } else { 8 })),
            (_, op @ (0xb0 | 0xb2), _) => Some(("vld", None, by12.clone(), if op == 0xb0 { 16 } else { 32 })),
            (op @ (0x20 | 0x22), ..) => Some(("ll", gpr, by14.clone(), if op == 0x20 { 4 } else { 8 })),
            (op @ (0x24 | 0x26), ..) => Some(("ldptr", gpr, by14.clone(), if op == 0x24 { 4 } else { 8 })),
            (.., op @ (0x7000 | 0x7008 | 0x7010 | 0x7018)) => {
                Some(("ldx", gpr, indexed.clone(), 1 << (op >> 3 & 3)))
            }
            (.., op @ (0x7040 | 0x7048 | 0x7050)) => {
                Some(("ldx.u", gpr, indexed.clone(), 1 << (op >> 3 & 3)))
            }
            (.., op @ (0x7060 | 0x7068)) => {
                Some(("fldx", None, indexed.clone(), if op == 0x7060 { 4 } else { 8 }))
            }
            (.., 0x7080 | 0x7090) => Some(("vldx", None, indexed.clone(), 32)),
            _ => None,
        };
        let [d, j] = [rd, rj].map(|number| NAMES[usize::from(number)]);
        if let Some((name, to, addr, size)) = found {
            self.insn.text = format!("{name} {d},{j}");
            self.insn.ops.push(Op::Load(to, Access::new(addr, size)));
            return Some(());
        }
        let mut store = |name: &str, value: Option<Expr>, addr: Expr, size| {
            self.insn.text = format!("{name} {d},{j}");
            self.insn.ops.push(Op::Store(value, Access::new(addr, size)));
        };
        let value = Some(reg(rd));
        match (bits(self.word, 31, 24), bits(self.word, 31, 22), bits(self.word, 31, 15)) {
            (_, op @ 0xa4..=0xa7, _) => store("st", value, by12, 1 << (op & 3)),
            (_, op @ (0xad | 0xaf), _) => store("fst", None, by12, if op == 0xad { 4 } else { 8 }),
            (_, op @ (0xb1 | 0xb3), _) => store("vst", None, by12, if op == 0xb1 { 16 } else { 32 }),
            (op @ (0x21 | 0x23), ..) => {
                store("sc", None, by14, if op == 0x21 { 4 } else { 8 });
                self.write(Expr::Number);
            }
            (op @ (0x25 | 0x27), ..) => store("stptr", value, by14, if op == 0x25 { 4 } else { 8 }),
            (.., op @ (0x7020 | 0x7028 | 0x7030 | 0x7038)) => {
                store("stx", value, indexed, 1 << (op >> 3 & 3));
            }
            (.., op @ (0x7070 | 0x7078)) => store("fstx", None, indexed, if op == 0x7070 { 4 } else { 8 }),
            (.., 0x7088 | 0x7098) => store("vstx", None, indexed, 32),
            // Atomics read and write what `rj` points to (amcas, am*.b/h; then am*.w/d, with and without
            // barrier).
            (.., op @ 0x70b0..=0x70e3) => {
                let size = match op {
                    0x70b0..=0x70b7 => 1 << (op & 3),
                    0x70b8..=0x70bf => 1 << (op & 1),
                    _ => 4 << (op & 1),
                };
                store("am", None, reg(rj), size);
                self.insn.ops.push(Op::Load(gpr, Access::new(reg(rj), size)));
            }
            // Hints.
            (_, 0xab, _) | (.., 0x7058) => self.insn.text = "preld".to_owned(),
            (.., 0x70e4 | 0x70e5) => self.insn.text = "dbar".to_owned(),
            _ => return None,
        }
        Some(())
    }

    fn arithmetic(&mut self) -> Option<()> {
        let (rj, rk) = (self.rj, self.rk);
        let both = |op| Expr::binary(op, reg(rj), reg(rk));
        let mix = || Expr::Mix(vec![reg(rj), reg(rk)]);
        let (name, value) = match bits(self.word, 31, 15) {
            0x20 => ("add.w", mix()),
            0x21 => ("add.d", both(Binary::Add)),
            0x22 => ("sub.w", mix()),
            0x23 => ("sub.d", both(Binary::Sub)),
            0x24 => ("slt", Expr::Number),
            0x25 => ("sltu", Expr::Number),
            // One of the two is 0 then.
            0x26 => ("maskeqz", Expr::either(reg(rj), Expr::Const(0))),
            0x27 => ("masknez", Expr::either(reg(rj), Expr::Const(0))),
            0x28 => ("nor", both(Binary::Or).not()),
            0x29 => ("and", both(Binary::And)),
            // How a register is moved.
            0x2a if rk == 0 => ("or", reg(rj)),
            0x2a => ("or", both(Binary::Or)),
            0x2b => ("xor", both(Binary::Xor)),
            0x2c => ("orn", reg(rj).or(reg(rk).not())),
            0x2d => ("andn", reg(rj).and(reg(rk).not())),
            0x2e..=0x30 => ("shift.w", mix()),
            0x31 => ("sll.d", both(Binary::Shl)),
            0x32 => ("srl.d", both(Binary::Shr)),
            0x33 => ("sra.d", mix()),
            0x36 | 0x37 => ("rotr", mix()),
            0x38..=0x3f => ("mul", mix()),
            0x40..=0x47 => ("div", mix()),
            0x48..=0x4f => ("crc", mix()),
            0x08..=0x0f => ("alsl.w", mix()),
            0x10..=0x1f => ("bytepick", mix()),
            op @ 0x58..=0x5b => {
                let shift = Expr::Const(u64::from(op - 0x58 + 1));
                ("alsl.d", Expr::binary(Binary::Shl, reg(rj), shift).plus(reg(rk)))
            }
            0x81 => ("slli.w", Expr::Mix(vec![reg(rj)])),
            0x82 | 0x83 => ("slli.d", Expr::binary(Binary::Shl, reg(rj), self.shift())),
            0x89 => ("srli.w", Expr::Mix(vec![reg(rj)])),
            0x8a | 0x8b => ("srli.d", Expr::binary(Binary::Shr, reg(rj), self.shift())),
            0x91..=0x93 => ("srai", Expr::Mix(vec![reg(rj)])),
            0x99..=0x9b => ("rotri", Expr::Mix(vec![reg(rj)])),
            _ => return self.immediate(),
        };
        self.write(value);
        let [d, j, k] = [self.rd, rj, rk].map(|number| NAMES[usize::from(number)]);
        self.insn.text = format!("{name} {d},{j},{k}");
        Some(())
    }

    fn immediate(&mut self) -> Option<()> {
        let rj = self.rj;
        let unsigned = Expr::Const(u64::from(bits(self.word, 21, 10)));
        let imm = signed(bits(self.word, 21, 10), 12);
        let long = signed(bits(self.word, 24, 5), 20);
        let (msb, lsb) = (bits(self.word, 21, 16), bits(self.word, 15, 10));
        let pc = self.insn.addr;
        let (name, value) = match bits(self.word, 31, 22) {
            0x08 => ("slti", Expr::Number),
            0x09 => ("sltui", Expr::Number),
            // The sign of 32 bits is extended: of a small constant it is the constant.
            0x0a if rj == 0 => ("addi.w", Expr::Const(imm as u64)),
            0x0a => ("addi.w", Expr::Mix(vec![reg(rj)])),
            0x0b => ("addi.d", reg(rj).offset(imm)),
            0x0c => ("lu52i.d", reg(rj).low(52).or(Expr::Const((imm as u64) << 52))),
            0x0d => ("andi", reg(rj).and(unsigned)),
            0x0e if bits(self.word, 21, 10) == 0 => ("ori", reg(rj)),
            0x0e => ("ori", reg(rj).or(unsigned)),
            0x0f => ("xori", Expr::binary(Binary::Xor, reg(rj), unsigned)),
            // 31:21 tells these from their 64-bit forms, bit 15 from each other.
            0x01 if bits(self.word, 21, 21) == 1 => ("bstr.w", Expr::Mix(vec![reg(rj), reg(self.rd)])),
            0x02 if msb >= lsb => {
                let field = (u64::MAX >> (63 - (msb - lsb))) << lsb;
                let moved = Expr::binary(Binary::Shl, reg(rj), Expr::Const(lsb.into()));
                let kept = reg(self.rd).and(Expr::Const(!field));
                // Of register 0: how an address is rounded down.
                ("bstrins.d", if rj == 0 { kept } else { kept.or(moved.and(Expr::Const(field))) })
            }
            0x03 if msb >= lsb => {
                let moved = Expr::binary(Binary::Shr, reg(rj), Expr::Const(lsb.into()));
                ("bstrpick.d", moved.and(Expr::Const(u64::MAX >> (63 - (msb - lsb)))))
            }
            op => match op >> 3 {
                0x0a => ("lu12i.w", Expr::Const((long << 12) as u64)),
                0x0b => ("lu32i.d", reg(self.rd).low(32).or(Expr::Const((long << 32) as u64))),
                0x0c => ("pcaddi", Expr::Const(pc.wrapping_add_signed(long << 2))),
                0x0d => ("pcalau12i", Expr::Const(pc.wrapping_add_signed(long << 12) & !0xfff)),
                0x0e => ("pcaddu12i", Expr::Const(pc.wrapping_add_signed(long << 12))),
                0x0f => ("pcaddu18i", Expr::Const(pc.wrapping_add_signed(long << 18))),
                0x08 | 0x09 => ("addu16i.d", reg(rj).offset(signed(bits(self.word, 25, 10), 16) << 16)),
                _ => return None,
            },
        };
        self.write(value);
        let [d, j] = [self.rd, rj].map(|number| NAMES[usize::from(number)]);
        self.insn.text = format!("{name} {d},{j}");
        Some(())
    }

    fn other(&mut self) -> Option<()> {
        let name = match self.word >> 10 {
            // Bits counted, turned and extended; what the CPU says of itself; the clock.
            0x04..=0x17 => {
                self.write(Expr::Mix(vec![reg(self.rj)]));
                "unary"
            }
            0x18..=0x1a => {
                let rj = self.rj;
                self.write(Expr::Number);
                if rj != 0 {
                    self.insn.set(rj, Expr::Number);
                }
                "rdtime"
            }
            0x1b => {
                self.write(Expr::Number);
                "cpucfg"
            }
            word => match word >> 14 {
                // csrrd, csrwr, csrxchg.
                0x04 => {
                    self.write(Expr::Number);
                    "csr"
                }
                0x06 if bits(self.word, 31, 10) == 0x19_20e => {
                    self.insn.flow = Flow::Stop;
                    "ertn"
                }
                // iocsr, the TLB and the caches.
                0x06 => {
                    self.write(Expr::Any);
                    "privileged"
                }
                0x00 if bits(self.word, 31, 15) == 0x54 => {
                    self.insn.flow = Flow::Stop;
                    "break"
                }
                0x00 if bits(self.word, 31, 15) == 0x56 => {
                    self.insn.set(4, Expr::Number);
                    "syscall"
                }
                // Floating point and vectors: of interest are those that write a general register.
                0x01 | 0x08..=0x0a | 0x0c | 0x0d | 0x70..=0x77 => {
                    let moves = matches!(word, 0x452d..=0x452f | 0x4532 | 0x4537);
                    if moves || matches!(word >> 6, 0x72ef | 0x72f3 | 0x76ef | 0x76f3) {
                        self.write(Expr::Any);
                    }
                    "float"
                }
                _ => return None,
            },
        };
        self.insn.text = name.to_owned();
        Some(())
    }

    fn shift(&self) -> Expr {
        Expr::Const(u64::from(bits(self.word, 15, 10)))
    }

    fn write(&mut self, value: Expr) {
        if self.rd != 0 {
            self.insn.set(self.rd, value);
        }
    }

    fn link(&mut self, rd: Reg) {
        if rd != 0 {
            let end = self.insn.end();
            self.insn.set(rd, Expr::Const(end));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(word: u32) -> Insn {
        decode(&word.to_le_bytes(), 0x1000).unwrap()
    }

    #[test]
    fn instructions_are_read_as_an_assembler_writes_them() {
        // ld.d a0,a1,8; st.b a0,a1,-1; sub.d a0,a1,a2; masknez a0,a1,a2; ret.
        for (word, expected) in [
            (0x28c0_20a4, "ld a0,a1"),
            (0x293f_fca4, "st a0,a1"),
            (0x0011_98a4, "sub.d a0,a1,a2"),
            (0x0013_98a4, "masknez a0,a1,a2"),
            (0x4c00_0020, "jirl"),
        ] {
            assert_eq!(read(word).text, expected, "{word:#x}");
        }
        assert!(read(0x28c0_20a4).loads() && read(0x293f_fca4).stores());
        assert!(matches!(read(0x4c00_0020).flow, Flow::JumpTo(_)));
        // beqz a2,-4; pcalau12i t1,1.
        assert!(matches!(read(0x43ff_fcdf).flow, Flow::Branch(0xffc, Condition::IfZero(_))));
        assert!(matches!(read(0x1a00_002d).ops[..], [Op::Set(13, Expr::Const(0x2000))]));
        assert!(decode(&[0; 4], 0).is_none());
    }
}
