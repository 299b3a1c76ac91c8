// SPDX-License-Identifier: MIT OR Apache-2.0
//! aarch64 Linux.

use axptr::{Access, FaultKind};

use super::{MemoryOf, Refusal, Registers, instruction, load, store};

impl Registers<'_> {
    /// What a fault at a mapping that permits nothing is called: the signal's code says that there is a mapping.
    pub(crate) const NO_ACCESS_IS: FaultKind = FaultKind::Permission;

    /// What a fault at an address that no page table can map is called: the signal's code says that there is no mapping.
    pub(crate) const UNTRANSLATABLE_IS: FaultKind = FaultKind::NotPresent;

    /// A general register, by its number in instructions.
    fn get(&self, register: usize) -> usize {
        self.context.uc_mcontext.regs[register] as usize
    }

    fn set(&mut self, register: usize, value: usize) {
        self.context.uc_mcontext.regs[register] = value as u64;
    }

    pub(crate) fn pc(&self) -> usize {
        self.context.uc_mcontext.pc as usize
    }

    pub(crate) fn set_pc(&mut self, pc: usize) {
        self.context.uc_mcontext.pc = pc as u64;
    }

    pub(crate) fn set_cause(&mut self, cause: usize) {
        self.set(1, cause);
    }

    /// The register in which the routines count, as a trap frame may do that does not keep its contract.
    pub(crate) fn set_count(&mut self, count: usize) {
        self.set(2, count);
    }

    /// What the machine says about a fault: not everywhere, so nothing here.
    pub(crate) fn access(&self) -> Option<Access> {
        None
    }

    /// Goes on behind the interrupted instruction, by hand, if it is one of single bytes (Arm ARM, C4.1.94).
    pub(crate) fn by_hand(&mut self, memory_of: MemoryOf) -> Result<(), Refusal> {
        let insn: u32 = instruction(self.pc());
        let field = |low: u32, bits: u32| insn as usize >> low & ((1 << bits) - 1);
        let signed =
            |value: usize, bits: u32| (value as isize) << (usize::BITS - bits) >> (usize::BITS - bits);
        // The size, the kind and the way of addressing; 31 would be the stack pointer, or zero.
        const UNSCALED: u32 = 0x3800_0000;
        const UNPRIVILEGED: u32 = 0x3800_0800;
        const LOADS: u32 = 1 << 22;
        let (base, register) = (field(5, 5), field(0, 5));
        let addressing = insn & 0xffa0_0c00;
        if ![UNSCALED, UNPRIVILEGED].contains(&addressing) || base == 31 || register == 31 {
            return Err(None);
        }
        let addr = self.get(base).wrapping_add_signed(signed(field(12, 9), 9));
        if insn & LOADS != 0 {
            self.set(register, load(addr, memory_of)?.into());
        } else {
            store(addr, self.get(register) as u8, memory_of)?;
        }
        self.set_pc(self.pc() + size_of_val(&insn));
        Ok(())
    }
}
