// SPDX-License-Identifier: MIT OR Apache-2.0
//! riscv64, by the Unprivileged ISA ("RV32/64G Instruction Set Listings").

use crate::audit::{
    bounded::{
        micro::{Address, Alu, Condition, Extend, Flagging, Micro, Operand, Reg, ZERO},
        text::{Immediate, Translated},
    },
    decode::{
        bits::{bits, signed},
        riscv64::compressed::expand,
    },
};

const RA: Reg = 1;
const SSTATUS: u32 = 0x100;

pub fn translate(bytes: &[u8], addr: u64) -> Translated {
    let half = bytes.first_chunk().map_or(0, |half| u32::from(u16::from_le_bytes(*half)));
    let (word, len, immediate) = if half & 3 == 3 {
        let word = bytes.first_chunk().map_or(0, |word| u32::from_le_bytes(*word));
        (Some(word), 4, Immediate { byte: 0, bytes: 4, bit: 20, bits: 12 })
    } else {
        // The lower bits of the number, in the forms that have one.
        (expand(half), 2, Immediate { byte: 0, bytes: 2, bit: 2, bits: 5 })
    };
    let micros = word.and_then(|word| micros(word, addr));
    let short = len == 2 && half & 3 != 1;
    let has_number = word.is_some_and(|word| word & 0x7f == 0x13) && !short;
    Translated {
        len,
        micros: micros.unwrap_or_else(|| vec![Micro::Unknown]),
        immediate: has_number.then_some(immediate),
    }
}

fn reg(number: u32) -> Reg {
    if number == 0 { ZERO } else { number as Reg }
}

fn micros(word: u32, addr: u64) -> Option<Vec<Micro>> {
    let (rd, a, rs2) = (reg(bits(word, 11, 7)), reg(bits(word, 19, 15)), reg(bits(word, 24, 20)));
    let (funct3, funct7) = (bits(word, 14, 12), bits(word, 31, 25));
    let imm = signed(bits(word, 31, 20), 12);
    let number = Operand::Number(imm as u64);
    let alu = |op, to, a, b, bits| Micro::Alu { op, to, a, b, bits, flags: Flagging::None };
    let micro = match word & 0x7f {
        0x37 => {
            let value = signed(word & 0xffff_f000, 32) as u64;
            alu(Alu::Take, rd, ZERO, Operand::Number(value), 64)
        }
        0x6f if rd == ZERO => {
            let far = bits(word, 31, 31) << 20 | bits(word, 19, 12) << 12;
            let offset = signed(far | bits(word, 20, 20) << 11 | bits(word, 30, 21) << 1, 21);
            Micro::Jump(addr.wrapping_add_signed(offset))
        }
        0x67 if funct3 == 0 && rd == ZERO && a == RA && imm == 0 => Micro::Return,
        0x63 => {
            let far = bits(word, 31, 31) << 12 | bits(word, 7, 7) << 11;
            let offset = signed(far | bits(word, 30, 25) << 5 | bits(word, 11, 8) << 1, 13);
            let condition = match funct3 {
                0 => Condition::Equal,
                1 => Condition::NotEqual,
                4 => Condition::Less,
                5 => Condition::GreaterEqual,
                6 => Condition::Below,
                7 => Condition::AtLeast,
                _ => return None,
            };
            Micro::BranchIf { condition, a, b: rs2, bits: 64, target: addr.wrapping_add_signed(offset) }
        }
        0x03 if funct3 < 7 => {
            let extend = if funct3 < 4 { Extend::Sign } else { Extend::Zeros };
            Micro::Load { to: rd, address: Address::new(a, imm), size: 1 << (funct3 & 3), extend }
        }
        0x23 if funct3 < 4 => {
            let offset = signed(bits(word, 31, 25) << 5 | bits(word, 11, 7), 12);
            Micro::Store { from: Operand::Reg(rs2), address: Address::new(a, offset), size: 1 << funct3 }
        }
        0x13 => {
            let by = Operand::Number(bits(word, 25, 20).into());
            match funct3 {
                0 => alu(Alu::Add, rd, a, number, 64),
                1 => alu(Alu::Shl, rd, a, by, 64),
                2 => alu(Alu::Less, rd, a, number, 64),
                3 => alu(Alu::Below, rd, a, number, 64),
                4 => alu(Alu::Xor, rd, a, number, 64),
                5 if bits(word, 30, 30) == 1 => alu(Alu::Sar, rd, a, by, 64),
                5 => alu(Alu::Shr, rd, a, by, 64),
                6 => alu(Alu::Or, rd, a, number, 64),
                _ => alu(Alu::And, rd, a, number, 64),
            }
        }
        // `li` of small numbers: the sum of 32 bits is that of 64.
        0x1b if funct3 == 0 && a == ZERO => alu(Alu::Take, rd, ZERO, number, 64),
        0x33 => {
            let op = match (funct3, funct7) {
                (0, 0) => Alu::Add,
                (0, 0x20) => Alu::Sub,
                (1, 0) => Alu::Shl,
                (2, 0) => Alu::Less,
                (3, 0) => Alu::Below,
                (4, 0) => Alu::Xor,
                (5, 0) => Alu::Shr,
                (6, 0) => Alu::Or,
                (7, 0) => Alu::And,
                _ => return None,
            };
            alu(op, rd, a, Operand::Reg(rs2), 64)
        }
        // `csrrs`, `csrrc` of `sstatus`.
        0x73 if bits(word, 31, 20) == SSTATUS && matches!(funct3, 2 | 3) => {
            Micro::Status { to: rd, mask: a, sets: (a != ZERO).then_some(funct3 == 2) }
        }
        _ => return None,
    };
    Some(vec![micro])
}
