// SPDX-License-Identifier: MIT OR Apache-2.0
//! loongarch64 Linux.

use axptr::{Access, FaultKind};
use libc::ucontext_t;

use super::{
    Registers,
    insn::{Insn, VECTOR, field, signed},
    instruction,
};

pub(super) const CAUSE: usize = 5;
pub(super) const COUNT: usize = 6;

/// Under emulators, a page fault like any other.
pub(super) const UNTRANSLATABLE_IS: FaultKind = FaultKind::NotPresent;

pub(super) fn pc(context: &mut ucontext_t) -> &mut u64 {
    &mut context.uc_mcontext.__pc
}

pub(super) fn register(context: &mut ucontext_t, number: usize) -> Option<&mut u64> {
    (number != 0).then(|| &mut context.uc_mcontext.__gregs[number])
}

/// The routines use none.
pub(super) fn with_vector(_: &mut ucontext_t, _: usize, _: impl FnMut(&mut [u8; VECTOR])) {}

/// Not under every emulator, so nothing here.
pub(super) fn access(_: &mut Registers<'_>) -> Option<Access> {
    None
}

/// `ld.{b,h,w,d}`, `st.{b,h,w,d}`, `ld.{b,h,w}u rd, rj, si12` (Reference Manual vol. 1, 2.2.5.1).
pub(super) fn decode(registers: &mut Registers<'_>) -> Option<Insn> {
    let insn = instruction::<u32>(registers.pc()) as usize;
    let kind = field(insn, 22, 10).wrapping_sub(0xa0);
    if kind > 0xa {
        return None;
    }
    let addr = registers.get(field(insn, 5, 5)).wrapping_add_signed(signed(field(insn, 10, 12), 12));
    let (is_store, is_signed) = ((4..8).contains(&kind), kind < 4);
    Some(Insn {
        addr,
        size: 1 << (kind & 3),
        is_store,
        is_signed,
        register: field(insn, 0, 5),
        second: None,
        is_vector: false,
        len: 4,
    })
}
