// SPDX-License-Identifier: MIT OR Apache-2.0
//! The extension C: each instruction of 16 bits is short for one of 32.

use crate::audit::decode::bits::{bits, signed};

const RA: u32 = 1;
const SP: u32 = 2;

fn i_type(opcode: u32, funct3: u32, rd: u32, rs1: u32, imm: i64) -> u32 {
    (imm as u32) << 20 | rs1 << 15 | funct3 << 12 | rd << 7 | opcode
}

fn r_type(opcode: u32, funct3: u32, funct7: u32, rd: u32, rs1: u32, rs2: u32) -> u32 {
    funct7 << 25 | rs2 << 20 | rs1 << 15 | funct3 << 12 | rd << 7 | opcode
}

fn s_type(opcode: u32, funct3: u32, rs1: u32, rs2: u32, imm: u32) -> u32 {
    bits(imm, 11, 5) << 25 | rs2 << 20 | rs1 << 15 | funct3 << 12 | bits(imm, 4, 0) << 7 | opcode
}

fn b_type(funct3: u32, rs1: u32, offset: i64) -> u32 {
    let offset = offset as u32;
    let high = bits(offset, 12, 12) << 31 | bits(offset, 10, 5) << 25;
    high | rs1 << 15 | funct3 << 12 | bits(offset, 4, 1) << 8 | bits(offset, 11, 11) << 7 | 0x63
}

fn j_type(rd: u32, offset: i64) -> u32 {
    let offset = offset as u32;
    let high = bits(offset, 20, 20) << 31 | bits(offset, 10, 1) << 21;
    high | bits(offset, 11, 11) << 20 | bits(offset, 19, 12) << 12 | rd << 7 | 0x6f
}

/// The 32-bit instruction that a 16-bit one is short for.
pub fn expand(half: u32) -> Option<u32> {
    let b = |high, low| bits(half, high, low);
    let (rd, rs2) = (b(11, 7), b(6, 2));
    // The three-bit fields name x8 to x15.
    let (short1, short2) = (b(9, 7) + 8, b(4, 2) + 8);
    let imm6 = signed(b(12, 12) << 5 | b(6, 2), 6);
    let word_offset = b(5, 5) << 6 | b(12, 10) << 3 | b(6, 6) << 2;
    let double_offset = b(6, 5) << 6 | b(12, 10) << 3;
    Some(match (half & 3, b(15, 13)) {
        (0, 0) => {
            let imm = b(10, 7) << 6 | b(12, 11) << 4 | b(5, 5) << 3 | b(6, 6) << 2;
            if imm == 0 {
                return None;
            }
            i_type(0x13, 0, short2, SP, imm.into())
        }
        (0, 1) => i_type(0x07, 3, short2, short1, double_offset.into()),
        (0, 2) => i_type(0x03, 2, short2, short1, word_offset.into()),
        (0, 3) => i_type(0x03, 3, short2, short1, double_offset.into()),
        (0, 5) => s_type(0x27, 3, short1, short2, double_offset),
        (0, 6) => s_type(0x23, 2, short1, short2, word_offset),
        (0, 7) => s_type(0x23, 3, short1, short2, double_offset),
        (1, 0) => i_type(0x13, 0, rd, rd, imm6),
        (1, 1) if rd != 0 => i_type(0x1b, 0, rd, rd, imm6),
        (1, 2) => i_type(0x13, 0, rd, 0, imm6),
        (1, 3) if rd == SP => {
            let high = b(12, 12) << 9 | b(4, 3) << 7 | b(5, 5) << 6;
            i_type(0x13, 0, SP, SP, signed(high | b(2, 2) << 5 | b(6, 6) << 4, 10))
        }
        (1, 3) => (imm6 as u32) << 12 | rd << 7 | 0x37,
        (1, 4) => {
            let shift = i64::from(b(12, 12) << 5 | b(6, 2));
            match (b(11, 10), b(12, 12), b(6, 5)) {
                (0, _, _) => i_type(0x13, 5, short1, short1, shift),
                (1, _, _) => i_type(0x13, 5, short1, short1, shift | 0x400),
                (2, _, _) => i_type(0x13, 7, short1, short1, imm6),
                (_, 0, 0) => r_type(0x33, 0, 0x20, short1, short1, short2),
                (_, 0, 1) => r_type(0x33, 4, 0, short1, short1, short2),
                (_, 0, 2) => r_type(0x33, 6, 0, short1, short1, short2),
                (_, 0, _) => r_type(0x33, 7, 0, short1, short1, short2),
                (_, _, 0) => r_type(0x3b, 0, 0x20, short1, short1, short2),
                (_, _, 1) => r_type(0x3b, 0, 0, short1, short1, short2),
                _ => return None,
            }
        }
        (1, 5) => {
            let high = b(12, 12) << 11 | b(8, 8) << 10 | b(10, 9) << 8 | b(6, 6) << 7;
            let low = b(7, 7) << 6 | b(2, 2) << 5 | b(11, 11) << 4 | b(5, 3) << 1;
            j_type(0, signed(high | low, 12))
        }
        (1, funct3 @ (6 | 7)) => {
            let high = b(12, 12) << 8 | b(6, 5) << 6 | b(2, 2) << 5;
            b_type(funct3 - 6, short1, signed(high | b(11, 10) << 3 | b(4, 3) << 1, 9))
        }
        (2, 0) => i_type(0x13, 1, rd, rd, (b(12, 12) << 5 | b(6, 2)).into()),
        (2, funct3 @ (1 | 3)) => {
            let offset = b(4, 2) << 6 | b(12, 12) << 5 | b(6, 5) << 3;
            i_type(if funct3 == 1 { 0x07 } else { 0x03 }, 3, rd, SP, offset.into())
        }
        (2, 2) if rd != 0 => i_type(0x03, 2, rd, SP, (b(3, 2) << 6 | b(12, 12) << 5 | b(6, 4) << 2).into()),
        (2, 4) => match (b(12, 12), rd, rs2) {
            (0, 0, 0) => return None,
            (0, _, 0) => i_type(0x67, 0, 0, rd, 0),
            (0, _, _) => r_type(0x33, 0, 0, rd, 0, rs2),
            (_, 0, 0) => 0x0010_0073,
            (_, _, 0) => i_type(0x67, 0, RA, rd, 0),
            _ => r_type(0x33, 0, 0, rd, rd, rs2),
        },
        (2, funct3 @ (5 | 7)) => {
            let offset = b(9, 7) << 6 | b(12, 10) << 3;
            s_type(if funct3 == 5 { 0x27 } else { 0x23 }, 3, SP, rs2, offset)
        }
        (2, 6) => s_type(0x23, 2, SP, rs2, b(8, 7) << 6 | b(12, 9) << 2),
        _ => return None,
    })
}
