// SPDX-License-Identifier: MIT OR Apache-2.0
//! loongarch64 Linux.

use axptr::{Access, FaultKind};

use super::{MemoryOf, Refusal, Registers, instruction, load, store};

impl Registers<'_> {
    /// What a fault at a mapping that permits nothing is called: the signal's code says that there is a mapping.
    pub(crate) const NO_ACCESS_IS: FaultKind = FaultKind::Permission;

    /// What a fault at an address that no page table can map is called: under emulators, a page fault like any other.
    pub(crate) const UNTRANSLATABLE_IS: FaultKind = FaultKind::NotPresent;

    /// A general register, by its number in instructions.
    fn get(&self, register: usize) -> usize {
        self.context.uc_mcontext.__gregs[register] as usize
    }

    fn set(&mut self, register: usize, value: usize) {
        if register != 0 {
            self.context.uc_mcontext.__gregs[register] = value as u64;
        }
    }

    pub(crate) fn pc(&self) -> usize {
        self.context.uc_mcontext.__pc as usize
    }

    pub(crate) fn set_pc(&mut self, pc: usize) {
        self.context.uc_mcontext.__pc = pc as u64;
    }

    pub(crate) fn set_cause(&mut self, cause: usize) {
        self.set(5, cause);
    }

    /// The register in which the routines count, as a trap frame may do that does not keep its contract.
    pub(crate) fn set_count(&mut self, count: usize) {
        self.set(6, count);
    }

    /// What the machine says about a fault: not under every emulator, so nothing here.
    pub(crate) fn access(&self) -> Option<Access> {
        None
    }

    /// Goes on behind the interrupted instruction, by hand, if it is one of single bytes (vol. 1, 2.2.5.1).
    pub(crate) fn by_hand(&mut self, memory_of: MemoryOf) -> Result<(), Refusal> {
        let insn: u32 = instruction(self.pc());
        let field = |low: u32, bits: u32| insn as usize >> low & ((1 << bits) - 1);
        let signed =
            |value: usize, bits: u32| (value as isize) << (usize::BITS - bits) >> (usize::BITS - bits);
        const LD_B: u32 = 0x2800_0000;
        const ST_B: u32 = 0x2900_0000;
        const LD_BU: u32 = 0x2a00_0000;
        let addr = self.get(field(5, 5)).wrapping_add_signed(signed(field(10, 12), 12));
        let register = field(0, 5);
        match insn & 0xffc0_0000 {
            LD_B => self.set(register, signed(load(addr, memory_of)?.into(), 8) as usize),
            LD_BU => self.set(register, load(addr, memory_of)?.into()),
            ST_B => store(addr, self.get(register) as u8, memory_of)?,
            _ => return Err(None),
        }
        self.set_pc(self.pc() + size_of_val(&insn));
        Ok(())
    }
}
