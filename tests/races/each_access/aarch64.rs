// SPDX-License-Identifier: MIT OR Apache-2.0
//! aarch64 Linux.

use libc::ucontext_t;

use super::{Access, signed};

/// As the register of a load or a store: zero.
const ZERO: usize = 31;

pub(super) fn get(context: &ucontext_t, register: usize) -> usize {
    if register == ZERO { 0 } else { context.uc_mcontext.regs[register] as usize }
}

pub(super) fn set(context: &mut ucontext_t, register: usize, value: usize) {
    if register != ZERO {
        context.uc_mcontext.regs[register] = value as u64;
    }
}

pub(super) fn skip(context: &mut ucontext_t, insn: usize) {
    context.uc_mcontext.pc += insn as u64;
}

/// The interrupted instruction, if it is a load or a store of one register that extends with zeros (Arm ARM, C4.1.94).
pub(super) fn decode(context: &ucontext_t) -> Option<Access> {
    let pc = std::ptr::with_exposed_provenance::<u32>(context.uc_mcontext.pc as usize);
    // SAFETY: the machine has just fetched it.
    let insn = unsafe { pc.read() } as usize;
    let size = 1 << (insn >> 30);
    let offset = match (insn & 0x3f20_0c00, insn & 0x3f00_0000) {
        // LDUR, STUR and LDTR, STTR.
        (0x3800_0000 | 0x3800_0800, _) => signed(insn >> 12 & 0x1ff, 9),
        // LDR, STR with an unsigned offset.
        (_, 0x3900_0000) => (size * (insn >> 10 & 0xfff)) as isize,
        _ => return None,
    };
    let is_store = match insn >> 22 & 3 {
        0 => true,
        1 => false,
        _ => return None,
    };
    let base = insn >> 5 & 31;
    // 31 would be the stack pointer.
    (base != ZERO).then(|| Access {
        addr: get(context, base).wrapping_add_signed(offset),
        size,
        is_store,
        is_signed: false,
        register: insn & 31,
        insn: 4,
    })
}
