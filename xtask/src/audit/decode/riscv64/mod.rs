// SPDX-License-Identifier: MIT OR Apache-2.0
//! riscv64: a decoder of RV64GC by the Unprivileged ISA ("RV32/64G Instruction Set Listings", "C Extension")
//! and the Privileged ISA ("CSR Listing"). What it does not name, it does not know.
//!
//! No crate replaces it: `riscv-isa` 0.3.1 knows no `c.and` and no compressed shift by 32 bits or more, 4,104 of the test
//! kernel's 315,245 instructions; `raki` 1.3.2 has no floats, `riscv-decode` 0.2.3 no `c.fld`; `rv-asm` 0.2.1 and `rvdc`
//! 0.1.1 have no RV64; `capstone` 0.14.0 compiles 240,000 lines of C, and what becomes of each register would still have
//! to be said here.

pub mod compressed;

use object::Architecture;

use self::compressed::expand;
use super::{
    bits::{bits, signed},
    insn::{Access, Binary, Condition, Expr, Flow, Insn, Op, Reg},
    isa::{Guard, Isa, Lacking},
};

const RA: Reg = 1;
const SP: Reg = 2;
/// `sstatus`.
const SSTATUS: u32 = 0x100;

const NAMES: [&str; 32] = [
    "zero", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "s0", "s1", "a0", "a1", "a2", "a3", "a4", "a5", "a6",
    "a7", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6",
];

pub const ISA: Isa = Isa {
    name: "riscv64",
    architecture: Architecture::Riscv64,
    decode,
    unit: 2,
    stack: SP,
    link: Some(RA),
    arguments: [10, 11, 12],
    cause: 11,
    preserved: &[SP, 3, 4, 8, 9, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27],
    // sstatus.SUM: every processor with supervisor mode and pages has it.
    window: Guard::Bit { bit: 18, open: true, lacking: Lacking::Never },
    mask: &["sltu W,R,L", "sub R,R,L", "sltu R,R,C", "or R,R,W", "addi R,R,-1", "and C,C,R"],
    names: &NAMES,
    // The compressed one: it fills whatever place an instruction leaves.
    nop: &[0x01, 0],
    call: &0x0040_00ef_u32.to_le_bytes(),
    plain: None,
    vectors: None,
    edge: None,
};

fn decode(bytes: &[u8], addr: u64) -> Option<Insn> {
    let half = u32::from(u16::from_le_bytes(*bytes.first_chunk()?));
    // The low two bits tell 16 from 32 bits; longer ones do not occur.
    if half & 3 == 3 {
        let word = u32::from_le_bytes(*bytes.first_chunk()?);
        Word { insn: Insn::new(addr, 4, String::new()), word }.decode()
    } else {
        // Each is short for one of 32 bits.
        let word = expand(half)?;
        Word { insn: Insn::new(addr, 2, String::new()), word }.decode()
    }
}

/// The value of a register; the first is 0.
fn reg(number: Reg) -> Expr {
    if number == 0 { Expr::Const(0) } else { Expr::Reg(number) }
}

struct Word {
    insn: Insn,
    word: u32,
}

impl Word {
    fn decode(mut self) -> Option<Insn> {
        let (rd, rs1, rs2) = (self.field(11, 7), self.field(19, 15), self.field(24, 20));
        let (funct3, funct7) = (bits(self.word, 14, 12), bits(self.word, 31, 25));
        let imm = signed(bits(self.word, 31, 20), 12);
        let [d, a, b] = [rd, rs1, rs2].map(|number| NAMES[usize::from(number)]);
        match self.word & 0x7f {
            0x37 => {
                let value = signed(self.word & 0xffff_f000, 32);
                self.write(rd, Expr::Const(value as u64), format!("lui {d},{value:#x}"));
            }
            0x17 => {
                let value = self.insn.addr.wrapping_add_signed(signed(self.word & 0xffff_f000, 32));
                self.write(rd, Expr::Const(value), format!("auipc {d},{value:#x}"));
            }
            0x6f => {
                let target = self.target(jump_offset(self.word));
                self.insn.text = format!("jal {d},{target:#x}");
                self.insn.flow = if rd == 0 { Flow::Jump(target) } else { Flow::Call(target) };
                self.link(rd);
            }
            0x67 if funct3 == 0 => {
                self.insn.text = format!("jalr {d},{imm}({a})");
                let target = self.insn.aside(reg(rs1).offset(imm));
                self.link(rd);
                self.insn.flow = if rd == 0 { Flow::JumpTo(target) } else { Flow::CallTo(target) };
            }
            0x63 => {
                let target = self.target(branch_offset(self.word));
                let apart = reg(rs1).minus(reg(rs2));
                let (name, condition) = match funct3 {
                    0 => ("beq", Condition::IfZero(apart)),
                    1 => ("bne", Condition::IfNot(apart)),
                    4 => ("blt", Condition::Unknown),
                    5 => ("bge", Condition::Unknown),
                    6 => ("bltu", Condition::Unknown),
                    7 => ("bgeu", Condition::Unknown),
                    _ => return None,
                };
                self.insn.text = format!("{name} {a},{b},{target:#x}");
                self.insn.flow = Flow::Branch(target, condition);
            }
            0x03 if funct3 < 7 => {
                let name = ["lb", "lh", "lw", "ld", "lbu", "lhu", "lwu"][funct3 as usize];
                self.insn.text = format!("{name} {d},{imm}({a})");
                let access = Access::new(reg(rs1).offset(imm), 1 << (funct3 & 3));
                self.insn.ops.push(Op::Load((rd != 0).then_some(rd), access));
            }
            0x23 if funct3 < 4 => {
                let imm = store_offset(self.word);
                self.insn.text = format!("{} {b},{imm}({a})", ["sb", "sh", "sw", "sd"][funct3 as usize]);
                let access = Access::new(reg(rs1).offset(imm), 1 << funct3);
                self.insn.ops.push(Op::Store(Some(reg(rs2)), access));
            }
            // Floating point: only what it does to memory and to integer registers matters.
            0x07 if matches!(funct3, 2 | 3) => {
                self.insn.text = format!("fl f{rd},{imm}({a})");
                let access = Access::new(reg(rs1).offset(imm), 1 << funct3);
                self.insn.ops.push(Op::Load(None, access));
            }
            0x27 if matches!(funct3, 2 | 3) => {
                let imm = store_offset(self.word);
                self.insn.text = format!("fs f{rs2},{imm}({a})");
                let access = Access::new(reg(rs1).offset(imm), 1 << funct3);
                self.insn.ops.push(Op::Store(None, access));
            }
            0x43 | 0x47 | 0x4b | 0x4f => self.insn.text = "fmadd".to_owned(),
            0x53 => {
                // Comparisons, conversions and moves to integers.
                if matches!(funct7 >> 2, 0x14 | 0x18 | 0x1c) {
                    self.write(rd, Expr::Any, String::new());
                }
                self.insn.text = "fop".to_owned();
            }
            0x13 => self.immediate(rd, rs1, imm, funct3)?,
            0x1b => {
                let name = match (funct3, funct7) {
                    (0, _) => "addiw",
                    (1, 0) => "slliw",
                    (5, 0) => "srliw",
                    (5, 0x20) => "sraiw",
                    _ => return None,
                };
                self.write(rd, Expr::Mix(vec![reg(rs1)]), format!("{name} {d},{a},{imm}"));
            }
            0x33 => self.operation(rd, rs1, rs2, funct3, funct7)?,
            0x3b => {
                let name = match (funct7, funct3) {
                    (0, 0) => "addw",
                    (0x20, 0) => "subw",
                    (0, 1) => "sllw",
                    (0, 5) => "srlw",
                    (0x20, 5) => "sraw",
                    (1, 0) => "mulw",
                    (1, 4..=7) => "divw",
                    _ => return None,
                };
                self.write(rd, Expr::Mix(vec![reg(rs1), reg(rs2)]), format!("{name} {d},{a},{b}"));
            }
            0x0f => self.insn.text = "fence".to_owned(),
            0x2f if matches!(funct3, 2 | 3) => self.atomic(rd, rs1, rs2, funct3)?,
            0x73 => self.system(rd, rs1, funct3)?,
            _ => return None,
        }
        Some(self.insn)
    }

    fn immediate(&mut self, rd: Reg, rs1: Reg, imm: i64, funct3: u32) -> Option<()> {
        let value = Expr::Const(imm as u64);
        let shift = Expr::Const(u64::from(bits(self.word, 25, 20)));
        let (name, value) = match (funct3, bits(self.word, 31, 26)) {
            (0, _) => ("addi", reg(rs1).offset(imm)),
            (2, _) => ("slti", Expr::Number),
            (3, _) => ("sltiu", Expr::Number),
            (4, _) => ("xori", Expr::binary(Binary::Xor, reg(rs1), value)),
            (6, _) => ("ori", reg(rs1).or(value)),
            (7, _) => ("andi", reg(rs1).and(value)),
            (1, 0) => ("slli", Expr::binary(Binary::Shl, reg(rs1), shift)),
            (5, 0) => ("srli", Expr::binary(Binary::Shr, reg(rs1), shift)),
            (5, 0x10) => ("srai", Expr::Mix(vec![reg(rs1)])),
            _ => return None,
        };
        let [d, a] = [rd, rs1].map(|number| NAMES[usize::from(number)]);
        self.write(rd, value, format!("{name} {d},{a},{imm}"));
        Some(())
    }

    fn operation(&mut self, rd: Reg, rs1: Reg, rs2: Reg, funct3: u32, funct7: u32) -> Option<()> {
        let both = |op| Expr::binary(op, reg(rs1), reg(rs2));
        let mix = || Expr::Mix(vec![reg(rs1), reg(rs2)]);
        let (name, value) = match (funct7, funct3) {
            (0, 0) => ("add", both(Binary::Add)),
            (0x20, 0) => ("sub", both(Binary::Sub)),
            (0, 1) => ("sll", both(Binary::Shl)),
            (0, 2) => ("slt", Expr::Number),
            (0, 3) => ("sltu", Expr::Number),
            (0, 4) => ("xor", both(Binary::Xor)),
            (0, 5) => ("srl", both(Binary::Shr)),
            (0x20, 5) => ("sra", mix()),
            (0, 6) => ("or", both(Binary::Or)),
            (0, 7) => ("and", both(Binary::And)),
            (1, _) => ("mul", mix()),
            _ => return None,
        };
        let [d, a, b] = [rd, rs1, rs2].map(|number| NAMES[usize::from(number)]);
        self.write(rd, value, format!("{name} {d},{a},{b}"));
        Some(())
    }

    fn atomic(&mut self, rd: Reg, rs1: Reg, rs2: Reg, funct3: u32) -> Option<()> {
        let access = Access::new(reg(rs1), 1 << funct3);
        let [d, a, b] = [rd, rs1, rs2].map(|number| NAMES[usize::from(number)]);
        let to = (rd != 0).then_some(rd);
        match bits(self.word, 31, 27) {
            2 => {
                self.insn.text = format!("lr {d},({a})");
                self.insn.ops.push(Op::Load(to, access));
            }
            3 => {
                self.insn.text = format!("sc {d},{b},({a})");
                self.insn.ops.push(Op::Store(None, access));
                self.write(rd, Expr::Number, self.insn.text.clone());
            }
            0 | 1 | 4 | 8 | 12 | 16 | 20 | 24 | 28 => {
                self.insn.text = format!("amo {d},{b},({a})");
                self.insn.ops.push(Op::Store(None, access.clone()));
                self.insn.ops.push(Op::Load(to, access));
            }
            _ => return None,
        }
        Some(())
    }

    fn system(&mut self, rd: Reg, rs1: Reg, funct3: u32) -> Option<()> {
        let csr = bits(self.word, 31, 20);
        let [d, a] = [rd, rs1].map(|number| NAMES[usize::from(number)]);
        if funct3 == 0 {
            let (name, flow) = match self.word {
                // The environment may change the registers that hold results.
                0x0000_0073 => ("ecall", Flow::Next),
                0x0010_0073 => ("ebreak", Flow::Stop),
                0x1020_0073 => ("sret", Flow::Stop),
                0x3020_0073 => ("mret", Flow::Stop),
                0x1050_0073 => ("wfi", Flow::Next),
                _ if bits(self.word, 31, 25) == 9 => ("sfence.vma", Flow::Next),
                _ => return None,
            };
            if name == "ecall" {
                self.insn.set(10, Expr::Number);
                self.insn.set(11, Expr::Number);
            }
            self.insn.text = name.to_owned();
            self.insn.flow = flow;
            return Some(());
        }
        let operand = if funct3 & 4 == 0 { reg(rs1) } else { Expr::Const(u64::from(rs1)) };
        let (name, new) = match funct3 & 3 {
            1 => ("csrrw", operand),
            2 => ("csrrs", Expr::Status.or(operand)),
            3 => ("csrrc", Expr::Status.and(operand.not())),
            _ => return None,
        };
        self.insn.text = format!("{name} {d},{csr:#x},{a}");
        if csr != SSTATUS {
            self.write(rd, Expr::Number, self.insn.text.clone());
            return Some(());
        }
        let new = self.insn.aside(new);
        self.write(rd, Expr::Status, self.insn.text.clone());
        // With no bits to set or clear nothing is written.
        if funct3 & 3 == 1 || rs1 != 0 {
            self.insn.ops.push(Op::SetStatus(new));
        }
        Some(())
    }

    fn field(&self, high: u32, low: u32) -> Reg {
        bits(self.word, high, low) as Reg
    }

    fn target(&self, offset: i64) -> u64 {
        self.insn.addr.wrapping_add_signed(offset)
    }

    fn write(&mut self, rd: Reg, value: Expr, text: String) {
        self.insn.text = text;
        if rd != 0 {
            self.insn.set(rd, value);
        }
    }

    fn link(&mut self, rd: Reg) {
        if rd != 0 {
            let end = self.insn.end();
            self.insn.set(rd, Expr::Const(end));
        }
    }
}

fn store_offset(word: u32) -> i64 {
    signed(bits(word, 31, 25) << 5 | bits(word, 11, 7), 12)
}

fn branch_offset(word: u32) -> i64 {
    let high = bits(word, 31, 31) << 12 | bits(word, 7, 7) << 11;
    signed(high | bits(word, 30, 25) << 5 | bits(word, 11, 8) << 1, 13)
}

fn jump_offset(word: u32) -> i64 {
    let high = bits(word, 31, 31) << 20 | bits(word, 19, 12) << 12;
    signed(high | bits(word, 20, 20) << 11 | bits(word, 30, 21) << 1, 21)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::decode::insn::Direction;

    fn text(word: u32) -> Option<String> {
        decode(&word.to_le_bytes(), 0x1000).map(|insn| insn.text)
    }

    /// Bytes and texts as GNU as and objdump have them.
    #[test]
    fn instructions_are_read_as_an_assembler_writes_them() {
        for (word, expected) in [
            (0x00c5_b2b3, "sltu t0,a1,a2"),
            (0xfff5_8593, "addi a1,a1,-1"),
            (0x8d8d, "sub a1,a1,a1"),
            (0x15fd, "addi a1,a1,-1"),
            (0x8082, "jalr zero,0(ra)"),
            (0x6108, "ld a0,0(a0)"),
            (0x1002_a6f3, "csrrs a3,0x100,t0"),
            (0x1006_b073, "csrrc zero,0x100,a3"),
        ] {
            assert_eq!(text(word).as_deref(), Some(expected), "{word:#x}");
        }
        assert_eq!(text(0), None);
    }

    #[test]
    fn memory_and_branches_are_seen() {
        let store = decode(&0x00b5_3423_u32.to_le_bytes(), 0).unwrap();
        assert!(store.stores() && !store.loads() && store.text == "sd a1,8(a0)");
        let branch = decode(&0xfe05_1ee3_u32.to_le_bytes(), 0x100).unwrap();
        assert!(matches!(branch.flow, Flow::Branch(0xfc, Condition::IfNot(_))), "{branch:?}");
        let swap = decode(&0x00c5_a52f_u32.to_le_bytes(), 0).unwrap();
        assert_eq!(
            swap.accesses().map(|(way, _)| way).collect::<Vec<_>>(),
            [Direction::Store, Direction::Load]
        );
    }
}
