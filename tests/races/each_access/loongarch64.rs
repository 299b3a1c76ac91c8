// SPDX-License-Identifier: MIT OR Apache-2.0
//! loongarch64 Linux.

use libc::ucontext_t;

use super::{Access, signed};

pub(super) fn get(context: &ucontext_t, register: usize) -> usize {
    context.uc_mcontext.__gregs[register] as usize
}

pub(super) fn set(context: &mut ucontext_t, register: usize, value: usize) {
    if register != 0 {
        context.uc_mcontext.__gregs[register] = value as u64;
    }
}

pub(super) fn skip(context: &mut ucontext_t, insn: usize) {
    context.uc_mcontext.__pc += insn as u64;
}

/// The interrupted instruction, if it is a load or a store of one register (Reference Manual vol. 1, 2.2.5.1).
pub(super) fn decode(context: &ucontext_t) -> Option<Access> {
    let pc = std::ptr::with_exposed_provenance::<u32>(context.uc_mcontext.__pc as usize);
    // SAFETY: the machine has just fetched it.
    let insn = unsafe { pc.read() } as usize;
    // ld.{b,h,w,d}, st.{b,h,w,d}, ld.{b,h,w}u rd, rj, si12.
    let kind = (insn >> 22).wrapping_sub(0xa0);
    if kind > 0xa {
        return None;
    }
    let is_store = (4..8).contains(&kind);
    Some(Access {
        addr: get(context, insn >> 5 & 31).wrapping_add_signed(signed(insn >> 10 & 0xfff, 12)),
        size: 1 << (kind & 3),
        is_store,
        is_signed: kind < 4,
        register: insn & 31,
        insn: 4,
    })
}
