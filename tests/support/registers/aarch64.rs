// SPDX-License-Identifier: MIT OR Apache-2.0
//! aarch64 Linux.

use std::{mem::offset_of, ptr};

use axptr::{Access, FaultKind};
use libc::{mcontext_t, ucontext_t};

use super::{
    Registers,
    insn::{Insn, VECTOR, field, signed},
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

/// Gives `f` each place of a vector register (<asm/sigcontext.h>): the record of vector registers, and the one of SVE's, whose
/// low halves they are. Linux restores the former, QEMU the latter.
pub(super) fn with_vector(context: &mut ucontext_t, number: usize, mut f: impl FnMut(&mut [u8; VECTOR])) {
    /// The records begin behind the registers, at a multiple of 16.
    const RECORDS: usize = (offset_of!(mcontext_t, pstate) + 8).next_multiple_of(16);
    const MAGIC: u32 = 0x4650_8001;
    const SVE_MAGIC: u32 = 0x5356_4501;
    /// In both, the registers follow a magic number, a size and 8 bytes more: SVE's begin with the bytes of a register.
    const HEAD: usize = 16;
    let start = ptr::from_mut(&mut context.uc_mcontext).cast::<u8>();
    let mut at = RECORDS;
    while at + HEAD <= size_of::<mcontext_t>() {
        // SAFETY: inside of the context, which is aligned to 16, as its records are.
        let [magic, size, length, _] = unsafe { start.add(at).cast::<[u32; 4]>().read() };
        let width = match magic {
            0 => break,
            MAGIC => VECTOR,
            SVE_MAGIC => usize::from(length as u16),
            _ => 0,
        };
        let place = HEAD + number * width;
        if width != 0 && place + VECTOR <= size as usize {
            // SAFETY: as above: inside of the record.
            f(unsafe { &mut *start.add(at + place).cast() });
        }
        at += size as usize;
    }
}

/// A load that extends with zeros, or a store, of a register; one of two registers without writeback (Arm ARM, C4.1.94).
pub(super) fn decode(registers: &mut Registers<'_>) -> Option<Insn> {
    let insn = instruction::<u32>(registers.pc()) as usize;
    let is_vector = field(insn, 26, 1) == 1;
    let (scale, opc) = (field(insn, 30, 2), field(insn, 22, 2));
    // Of one general register any width, of two 64 bits each; of vector registers 128.
    let (is_pair, size) = match (insn & 0x3b20_0c00, insn & 0x3b00_0000, insn & 0x3b80_0000) {
        (.., 0x2900_0000) if scale == 2 => (true, if is_vector { 2 * VECTOR } else { 16 }),
        (0x3800_0000 | 0x3800_0800, ..) | (_, 0x3900_0000, _) => match (is_vector, scale, opc) {
            (false, _, 0 | 1) => (false, 1 << scale),
            (true, 0, 2 | 3) => (false, VECTOR),
            _ => return None,
        },
        _ => return None,
    };
    let offset = match field(insn, 24, 1) {
        _ if is_pair => signed(field(insn, 15, 7), 7) * (size / 2) as isize,
        // LDUR, STUR and LDTR, STTR.
        0 => signed(field(insn, 12, 9), 9),
        // LDR, STR with an unsigned offset.
        _ => (size * field(insn, 10, 12)) as isize,
    };
    let base = field(insn, 5, 5);
    if base == 31 {
        return None;
    }
    let addr = registers.get(base).wrapping_add_signed(offset);
    let second = is_pair.then_some(field(insn, 10, 5));
    let is_store = opc & 1 == 0;
    Some(Insn {
        addr,
        size,
        is_store,
        is_signed: false,
        register: field(insn, 0, 5),
        second,
        is_vector,
        len: 4,
    })
}
