// SPDX-License-Identifier: MIT OR Apache-2.0
//! aarch64: a decoder by the Arm ARM, chapter C4 ("A64 Instruction Set Encoding"). What it does not name, it
//! does not know.
//!
//! No crate replaces it: `yaxpeax-arm` 0.5.0 has no FEAT_MOPS; `exarmo-aarch64` 0.4.0 has it all, but needs Rust 1.91.1,
//! and this workspace is for 1.88; `disarm64` 0.2.0 hands out the fields of each encoding as they are, so that immediates,
//! scales and shifts would have to be computed here as now; `bad64` 0.13.0 needs libclang to build, and `capstone` 0.14.0
//! compiles 240,000 lines of C. What becomes of each register would have to be said here with any of them.

mod control;
pub mod data;
mod memory;
mod word;

use object::Architecture;

use self::word::{LINK, SP, Word};
use super::{
    bits::bits,
    insn::{Insn, Reg},
    isa::{Guard, Isa, Lacking, Vectors},
};

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
    names: &[
        "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15",
        "x16", "x17", "x18", "x19", "x20", "x21", "x22", "x23", "x24", "x25", "x26", "x27", "x28", "x29",
        "x30",
    ],
    nop: &[0x1f, 0x20, 0x03, 0xd5],
    call: &0x9400_0001_u32.to_le_bytes(),
    plain: Some(plain),
    vectors: Some(Vectors {
        // Of v8 to v15 the low halves (AAPCS64, 6.1.2).
        preserved: 0xff00,
        changes_one: &0x4f00_e408_u32.to_le_bytes(), // movi v8.16b,0
    }),
    edge: None,
};

/// LDTR and STTR differ from LDUR and STUR in bit 11; the copies say in bits 12 and 13 which side they do as
/// user mode would.
fn plain(insn: &[u8]) -> Vec<u8> {
    let bits = if insn[3] & 0x3f == 0x19 { 3 << 4 } else { 1 << 3 };
    vec![insn[0], insn[1] & !bits, insn[2], insn[3]]
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

#[cfg(test)]
mod tests {
    use super::{data::logical_mask, decode, plain};
    use crate::audit::decode::insn::{Condition, Expr, Flow, Insn};

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
        // ldadda x21,x8,[x27] is no prefetch, though bits 30, 31 and 23 say what they say of one: both sides. prfm, prfum: none.
        assert_eq!(sides(0xf8b5_0368), [(8, false), (8, false)]);
        assert_eq!(sides(0xf980_0060), []);
        assert_eq!(sides(0xf880_0060), []);
        assert_eq!(plain(&0xf840_0868_u32.to_le_bytes()), 0xf840_0068_u32.to_le_bytes());
        assert!(decode(&[0; 4], 0).is_none());
    }

    #[test]
    fn vector_registers_are_seen() {
        // ldp q2,q3,[x5,-32]; ldur q1,[x5,-16]; str q0,[x4,16]; dup v0.2d,x8; movi v8.16b,0; fmov x9,d3; ldr s4,[x3].
        for (word, expected) in [
            (0xad7f_0ca2, 0b1100),
            (0x3cdf_00a1, 0b10),
            (0x3d80_0480, 0b1),
            (0x4e08_0d00, 0b1),
            (0x4f00_e408, 1 << 8),
            (0x9e66_0069, 0b1000),
            (0xbd40_0064, 1 << 4),
            // ldtr x8,[x3]; ldp x8,x9,[x3,16]; cpyfprt; setpt.
            (0xf840_0868, 0),
            (0xa941_2468, 0),
            (0x1903_2444, 0),
            (0x19c8_1444, 0),
        ] {
            assert_eq!(read(word).vectors, expected, "{word:#x}");
        }
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
