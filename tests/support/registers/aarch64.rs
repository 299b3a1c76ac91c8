// SPDX-License-Identifier: MIT OR Apache-2.0
//! aarch64 Linux.

use axptr::{Access, FaultKind};
use libc::ucontext_t;

use super::{
    Registers,
    insn::{Insn, field, signed},
    instruction,
};

pub(super) const CAUSE: usize = 1;
pub(super) const COUNT: usize = 2;

/// The signal's code says that there is no mapping.
pub(super) const UNTRANSLATABLE_IS: FaultKind = FaultKind::NotPresent;

pub(super) fn pc(context: &mut ucontext_t) -> &mut u64 {
    &mut context.uc_mcontext.pc
}

/// The array ends in front of number 31, which is zero where it does not mean the stack pointer.
pub(super) fn register(context: &mut ucontext_t, number: usize) -> Option<&mut u64> {
    context.uc_mcontext.regs.get_mut(number)
}

/// Not everywhere, so nothing here.
pub(super) fn access(_: &mut Registers<'_>) -> Option<Access> {
    None
}

/// A load that extends with zeros, or a store (Arm ARM, C4.1.94).
pub(super) fn decode(registers: &mut Registers<'_>) -> Option<Insn> {
    let insn = instruction::<u32>(registers.pc()) as usize;
    let size = 1 << field(insn, 30, 2);
    let offset = match (insn & 0x3f20_0c00, insn & 0x3f00_0000) {
        // LDUR, STUR and LDTR, STTR.
        (0x3800_0000 | 0x3800_0800, _) => signed(field(insn, 12, 9), 9),
        // LDR, STR with an unsigned offset.
        (_, 0x3900_0000) => (size * field(insn, 10, 12)) as isize,
        _ => return None,
    };
    let is_store = match field(insn, 22, 2) {
        0 => true,
        1 => false,
        _ => return None,
    };
    let base = field(insn, 5, 5);
    if base == 31 {
        return None;
    }
    let addr = registers.get(base).wrapping_add_signed(offset);
    Some(Insn { addr, size, is_store, is_signed: false, register: field(insn, 0, 5), len: 4 })
}
