// SPDX-License-Identifier: MIT OR Apache-2.0
//! loongarch64, by the Reference Manual vol. 1, appendix B.

use crate::audit::{
    bounded::{
        micro::{Address, Alu, Condition, Extend, Flagging, Micro, Operand, Reg, ZERO},
        text::{Immediate, Translated},
    },
    decode::bits::{bits, signed},
};

const RA: Reg = 1;

pub fn translate(bytes: &[u8], addr: u64) -> Translated {
    let word = bytes.first_chunk().map_or(0, |word| u32::from_le_bytes(*word));
    let has_number = matches!(bits(word, 31, 22), 0x08..=0x0f);
    Translated {
        len: 4,
        micros: micros(word, addr).unwrap_or_else(|| vec![Micro::Unknown]),
        immediate: has_number.then_some(Immediate { byte: 0, bytes: 4, bit: 10, bits: 12 }),
    }
}

fn reg(number: u32) -> Reg {
    if number == 0 { ZERO } else { number as Reg }
}

fn micros(word: u32, addr: u64) -> Option<Vec<Micro>> {
    let (rd, rj, rk) = (reg(bits(word, 4, 0)), reg(bits(word, 9, 5)), reg(bits(word, 14, 10)));
    let alu = |op, to, a, b, bits| Micro::Alu { op, to, a, b, bits, flags: Flagging::None };
    let take = |value: u64| alu(Alu::Take, rd, ZERO, Operand::Number(value), 64);
    let near = addr.wrapping_add_signed(signed(bits(word, 25, 10), 16) << 2);
    let middle = addr.wrapping_add_signed(signed(bits(word, 4, 0) << 16 | bits(word, 25, 10), 21) << 2);
    let far = addr.wrapping_add_signed(signed(bits(word, 9, 0) << 16 | bits(word, 25, 10), 26) << 2);
    let branch = |condition, a, b, target| Micro::BranchIf { condition, a, b, bits: 64, target };
    let number = signed(bits(word, 21, 10), 12);
    let positive = Operand::Number(bits(word, 21, 10).into());
    let address = Address::new(rj, number);
    let shift = Operand::Number(bits(word, 15, 10).into());
    let two = Operand::Reg(rk);
    let one = match (bits(word, 31, 26), bits(word, 31, 22), bits(word, 31, 15)) {
        (0x10, ..) => branch(Condition::Equal, rj, ZERO, middle),
        (0x11, ..) => branch(Condition::NotEqual, rj, ZERO, middle),
        (0x13, ..) if rd == ZERO && rj == RA && bits(word, 25, 10) == 0 => Micro::Return,
        (0x14, ..) => Micro::Jump(far),
        (0x16, ..) => branch(Condition::Equal, rj, rd, near),
        (0x17, ..) => branch(Condition::NotEqual, rj, rd, near),
        (0x18, ..) => branch(Condition::Less, rj, rd, near),
        (0x19, ..) => branch(Condition::GreaterEqual, rj, rd, near),
        (0x1a, ..) => branch(Condition::Below, rj, rd, near),
        (0x1b, ..) => branch(Condition::AtLeast, rj, rd, near),
        // LU12I.W, PCALAU12I
        (0x05, ..) if bits(word, 25, 25) == 0 => take(signed(bits(word, 24, 5) << 12, 32) as u64),
        (0x06, ..) if bits(word, 25, 25) == 1 => {
            take(addr.wrapping_add_signed(signed(bits(word, 24, 5) << 12, 32)) & !0xfff)
        }
        (_, 0x08, _) => alu(Alu::Less, rd, rj, Operand::Number(number as u64), 64),
        (_, 0x09, _) => alu(Alu::Below, rd, rj, Operand::Number(number as u64), 64),
        (_, 0x0b, _) => alu(Alu::Add, rd, rj, Operand::Number(number as u64), 64),
        // LI.W of a small number.
        (_, 0x0a, _) if rj == ZERO => take(number as u64),
        (_, 0x0d, _) => alu(Alu::And, rd, rj, positive, 64),
        (_, 0x0e, _) => alu(Alu::Or, rd, rj, positive, 64),
        (_, 0x0f, _) => alu(Alu::Xor, rd, rj, positive, 64),
        (_, op @ 0xa0..=0xa3, _) => {
            Micro::Load { to: rd, address, size: 1 << (op & 3), extend: Extend::Sign }
        }
        (_, op @ 0xa4..=0xa7, _) => Micro::Store { from: Operand::Reg(rd), address, size: 1 << (op & 3) },
        (_, op @ 0xa8..=0xaa, _) => {
            Micro::Load { to: rd, address, size: 1 << (op & 3), extend: Extend::Zeros }
        }
        // BSTRINS.D, BSTRPICK.D
        (_, 0x02, _) => {
            let (high, low) = (bits(word, 21, 16) as u8, bits(word, 15, 10) as u8);
            Micro::InsertBits { to: rd, from: rj, low, width: high - low + 1 }
        }
        (_, 0x03, _) => {
            let (high, low) = (bits(word, 21, 16), bits(word, 15, 10));
            let width = high - low + 1;
            let ones = if width == 64 { u64::MAX } else { (1 << width) - 1 };
            return Some(vec![
                alu(Alu::Shr, rd, rj, Operand::Number(low.into()), 64),
                alu(Alu::And, rd, rd, Operand::Number(ones), 64),
            ]);
        }
        // CSRRD of MISC; CPUCFG. Which word it is no routine chooses at run time.
        (0x01, ..) if bits(word, 31, 24) == 0x04 && bits(word, 9, 5) == 0 => take(0),
        (.., 0x00) if bits(word, 14, 10) == 0x1b => Micro::Configuration { to: rd },
        (.., 0x21) => alu(Alu::Add, rd, rj, two, 64),
        (.., 0x23) => alu(Alu::Sub, rd, rj, two, 64),
        (.., 0x24) => alu(Alu::Less, rd, rj, two, 64),
        (.., 0x25) => alu(Alu::Below, rd, rj, two, 64),
        (.., 0x26) => Micro::MaskByZero { to: rd, a: rj, by: rk, if_zero: true },
        (.., 0x27) => Micro::MaskByZero { to: rd, a: rj, by: rk, if_zero: false },
        (.., 0x29) => alu(Alu::And, rd, rj, two, 64),
        (.., 0x2a) => alu(Alu::Or, rd, rj, two, 64),
        (.., 0x2b) => alu(Alu::Xor, rd, rj, two, 64),
        (.., 0x2d) => alu(Alu::AndNot, rd, rj, two, 64),
        (.., 0x31) => alu(Alu::Shl, rd, rj, two, 64),
        (.., 0x32) => alu(Alu::Shr, rd, rj, two, 64),
        _ if bits(word, 31, 16) == 0x41 => alu(Alu::Shl, rd, rj, shift, 64),
        _ if bits(word, 31, 16) == 0x45 => alu(Alu::Shr, rd, rj, shift, 64),
        _ => return None,
    };
    Some(vec![one])
}
