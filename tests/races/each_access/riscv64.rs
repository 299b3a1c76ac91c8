// SPDX-License-Identifier: MIT OR Apache-2.0
//! riscv64 Linux.

use libc::ucontext_t;

use super::{Access, signed};

pub(super) fn get(context: &ucontext_t, register: usize) -> usize {
    // The pc takes the place of x0.
    if register == 0 { 0 } else { context.uc_mcontext.__gregs[register] as usize }
}

pub(super) fn set(context: &mut ucontext_t, register: usize, value: usize) {
    if register != 0 {
        context.uc_mcontext.__gregs[register] = value as libc::c_ulong;
    }
}

pub(super) fn skip(context: &mut ucontext_t, insn: usize) {
    context.uc_mcontext.__gregs[0] += insn as libc::c_ulong;
}

/// The interrupted instruction, if it is a load or a store of one register (Unprivileged ISA, RV64I and C).
pub(super) fn decode(context: &ucontext_t) -> Option<Access> {
    const LOAD: usize = 0x03;
    const STORE: usize = 0x23;
    let pc = context.uc_mcontext.__gregs[0] as usize;
    let half = |at: usize| {
        let half = std::ptr::with_exposed_provenance::<u16>(pc + at);
        // SAFETY: the machine has just fetched it.
        usize::from(unsafe { half.read() })
    };
    let low = half(0);
    if low & 3 != 3 {
        return decode_short(context, low);
    }
    let insn = low | half(2) << 16;
    let field = |at: u32, bits: u32| insn >> at & ((1 << bits) - 1);
    let kind = field(12, 3);
    let (is_store, offset) = match (insn & 0x7f, kind) {
        (LOAD, 0..=6) => (false, field(20, 12)),
        (STORE, 0..=3) => (true, field(25, 7) << 5 | field(7, 5)),
        _ => return None,
    };
    Some(Access {
        addr: get(context, field(15, 5)).wrapping_add_signed(signed(offset, 12)),
        size: 1 << (kind & 3),
        is_store,
        is_signed: kind < 4,
        register: if is_store { field(20, 5) } else { field(7, 5) },
        insn: 4,
    })
}

/// C.LW, C.LD, C.SW and C.SD.
fn decode_short(context: &ucontext_t, insn: usize) -> Option<Access> {
    let field = |at: u32, bits: u32| insn >> at & ((1 << bits) - 1);
    let (size, is_store) = match (field(0, 2), field(13, 3)) {
        (0, 0b010) => (4, false),
        (0, 0b011) => (8, false),
        (0, 0b110) => (4, true),
        (0, 0b111) => (8, true),
        _ => return None,
    };
    let middle = field(10, 3) << 3;
    let offset =
        if size == 4 { middle | field(6, 1) << 2 | field(5, 1) << 6 } else { middle | field(5, 2) << 6 };
    Some(Access {
        addr: get(context, 8 + field(7, 3)).wrapping_add(offset),
        size,
        is_store,
        is_signed: true,
        register: 8 + field(2, 3),
        insn: 2,
    })
}
