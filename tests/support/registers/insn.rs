// SPDX-License-Identifier: MIT OR Apache-2.0
//! Loads and stores of one register or two, done by hand: all that touches memory on such a machine.

use std::ptr;

use axptr::Access;

use super::{MemoryOf, Refusal, Registers, machine};

/// The bytes of a vector register.
pub(super) const VECTOR: usize = 16;

/// One of them, with the address that it is about to touch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Insn {
    pub(crate) addr: usize,
    pub(crate) size: usize,
    pub(crate) is_store: bool,
    /// Whether the register gets copies of the highest bit.
    pub(super) is_signed: bool,
    pub(super) register: usize,
    /// The one for the other half, if there are two.
    pub(super) second: Option<usize>,
    /// Whether they are vector registers.
    pub(super) is_vector: bool,
    /// Its own bytes.
    pub(super) len: usize,
}

/// So many bits of an instruction.
pub(super) const fn field(insn: usize, low: u32, bits: u32) -> usize {
    insn >> low & ((1 << bits) - 1)
}

/// The bits of a number as a signed one of so many.
pub(super) const fn signed(value: usize, bits: u32) -> isize {
    (value as isize) << (usize::BITS - bits) >> (usize::BITS - bits)
}

impl Registers<'_> {
    /// The interrupted instruction, if it is one of them.
    pub(crate) fn insn(&mut self) -> Option<Insn> {
        machine::decode(self)
    }

    /// Does the interrupted instruction with the bytes at `memory`, and goes on behind it.
    ///
    /// # Safety
    ///
    /// 1. `memory` is valid for the access: a read or a write of the instruction's size.
    pub(crate) unsafe fn carry_out(&mut self, insn: Insn, memory: usize) {
        let size = if insn.second.is_some() { insn.size / 2 } else { insn.size };
        for (register, at) in [Some(insn.register), insn.second].into_iter().flatten().zip([0, size]) {
            let memory = ptr::with_exposed_provenance_mut::<u8>(memory + at);
            if insn.is_vector {
                let memory = memory.cast::<[u8; VECTOR]>();
                machine::with_vector(self.context, register, |register| {
                    if insn.is_store {
                        // SAFETY: (1).
                        unsafe { memory.write(*register) };
                    } else {
                        // SAFETY: (1).
                        *register = unsafe { memory.read() };
                    }
                });
            } else if insn.is_store {
                let bytes = self.get(register).to_le_bytes();
                // SAFETY: (1).
                unsafe { memory.copy_from_nonoverlapping(bytes.as_ptr(), size) };
            } else {
                let mut bytes = [0; size_of::<usize>()];
                // SAFETY: (1).
                unsafe { memory.copy_to_nonoverlapping(bytes.as_mut_ptr(), size) };
                let value = usize::from_le_bytes(bytes);
                let extended = signed(value, 8 * size as u32) as usize;
                self.set(register, if insn.is_signed { extended } else { value });
            }
        }
        self.skip(insn.len);
    }

    /// Goes on behind the interrupted instruction, by hand, if it is one of single bytes.
    pub(crate) fn by_hand(&mut self, memory_of: MemoryOf) -> Result<(), Refusal> {
        let insn = self.insn().filter(|insn| insn.size == 1).ok_or(None)?;
        let access = if insn.is_store { Access::Write } else { Access::Read };
        let memory = memory_of(insn.addr).ok_or(Some(access))?;
        // SAFETY: (1) the instruction would touch it: memory of the test's, or a poisoned page's by its other address.
        unsafe { self.carry_out(insn, memory) };
        Ok(())
    }
}
