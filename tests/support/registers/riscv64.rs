// SPDX-License-Identifier: MIT OR Apache-2.0
//! riscv64 Linux.

use axptr::{Access, FaultKind};
use libc::{c_ulong, ucontext_t};

use super::{
    Registers,
    insn::{Insn, VECTOR, field, signed},
    instruction,
};

pub(super) const CAUSE: usize = 11;
pub(super) const COUNT: usize = 12;

/// A page fault like any other.
pub(super) const UNTRANSLATABLE_IS: FaultKind = FaultKind::NotPresent;

/// It takes the place of x0.
pub(super) fn pc(context: &mut ucontext_t) -> &mut c_ulong {
    &mut context.uc_mcontext.__gregs[0]
}

pub(super) fn register(context: &mut ucontext_t, number: usize) -> Option<&mut c_ulong> {
    (number != 0).then(|| &mut context.uc_mcontext.__gregs[number])
}

/// The routines use none.
pub(super) fn with_vector(_: &mut ucontext_t, _: usize, _: impl FnMut(&mut [u8; VECTOR])) {}

/// Nothing.
pub(super) fn access(_: &mut Registers<'_>) -> Option<Access> {
    None
}

/// A load or a store (Unprivileged ISA, RV64I and C).
pub(super) fn decode(registers: &mut Registers<'_>) -> Option<Insn> {
    const LOAD: usize = 0x03;
    const STORE: usize = 0x23;
    let pc = registers.pc();
    let short = instruction::<u16>(pc).into();
    if short & 3 != 3 {
        return decode_short(registers, short);
    }
    let insn = instruction::<u32>(pc) as usize;
    let kind = field(insn, 12, 3);
    let (is_store, offset) = match (insn & 0x7f, kind) {
        (LOAD, 0..=6) => (false, field(insn, 20, 12)),
        (STORE, 0..=3) => (true, field(insn, 25, 7) << 5 | field(insn, 7, 5)),
        _ => return None,
    };
    let addr = registers.get(field(insn, 15, 5)).wrapping_add_signed(signed(offset, 12));
    let register = if is_store { field(insn, 20, 5) } else { field(insn, 7, 5) };
    Some(Insn {
        addr,
        size: 1 << (kind & 3),
        is_store,
        is_signed: kind < 4,
        register,
        second: None,
        is_vector: false,
        len: 4,
    })
}

/// C.LW, C.LD, C.SW and C.SD.
fn decode_short(registers: &mut Registers<'_>, insn: usize) -> Option<Insn> {
    let (size, is_store) = match (field(insn, 0, 2), field(insn, 13, 3)) {
        (0, 0b010) => (4, false),
        (0, 0b011) => (8, false),
        (0, 0b110) => (4, true),
        (0, 0b111) => (8, true),
        _ => return None,
    };
    let ends =
        if size == 4 { field(insn, 6, 1) << 2 | field(insn, 5, 1) << 6 } else { field(insn, 5, 2) << 6 };
    let addr = registers.get(8 + field(insn, 7, 3)).wrapping_add(field(insn, 10, 3) << 3 | ends);
    Some(Insn {
        addr,
        size,
        is_store,
        is_signed: true,
        register: 8 + field(insn, 2, 3),
        second: None,
        is_vector: false,
        len: 2,
    })
}
