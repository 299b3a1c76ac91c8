// SPDX-License-Identifier: MIT OR Apache-2.0
//! riscv64 Linux.

use axptr::{Access, FaultKind};

use super::{MemoryOf, Refusal, Registers, instruction, load, store};

impl Registers<'_> {
    /// What a fault at a mapping that permits nothing is called: the signal's code says that there is a mapping.
    pub(crate) const NO_ACCESS_IS: FaultKind = FaultKind::Permission;

    /// What a fault at an address that no page table can map is called: a page fault like any other.
    pub(crate) const UNTRANSLATABLE_IS: FaultKind = FaultKind::NotPresent;

    /// A general register, by its number in instructions.
    fn get(&self, register: usize) -> usize {
        // The pc takes the place of x0.
        if register == 0 { 0 } else { self.context.uc_mcontext.__gregs[register] as usize }
    }

    fn set(&mut self, register: usize, value: usize) {
        if register != 0 {
            self.context.uc_mcontext.__gregs[register] = value as libc::c_ulong;
        }
    }

    pub(crate) fn pc(&self) -> usize {
        self.context.uc_mcontext.__gregs[0] as usize
    }

    pub(crate) fn set_pc(&mut self, pc: usize) {
        self.context.uc_mcontext.__gregs[0] = pc as libc::c_ulong;
    }

    pub(crate) fn set_cause(&mut self, cause: usize) {
        self.set(11, cause);
    }

    /// The register in which the routines count, as a trap frame may do that does not keep its contract.
    pub(crate) fn set_count(&mut self, count: usize) {
        self.set(12, count);
    }

    /// What the machine says about a fault: nothing.
    pub(crate) fn access(&self) -> Option<Access> {
        None
    }

    /// Goes on behind the interrupted instruction, by hand, if it is one of single bytes (Unprivileged ISA, RV32I, Load and Store Instructions).
    pub(crate) fn by_hand(&mut self, memory_of: MemoryOf) -> Result<(), Refusal> {
        let insn: u32 = instruction(self.pc());
        let field = |low: u32, bits: u32| insn as usize >> low & ((1 << bits) - 1);
        let signed =
            |value: usize, bits: u32| (value as isize) << (usize::BITS - bits) >> (usize::BITS - bits);
        const LB: u32 = 0x0003;
        const LBU: u32 = 0x4003;
        const SB: u32 = 0x0023;
        let base = self.get(field(15, 5));
        match insn & 0x707f {
            kind @ (LB | LBU) => {
                let byte = load(base.wrapping_add_signed(signed(field(20, 12), 12)), memory_of)?;
                let value = if kind == LB { signed(byte.into(), 8) as usize } else { byte.into() };
                self.set(field(7, 5), value);
            }
            SB => {
                let offset = field(25, 7) << 5 | field(7, 5);
                let byte = self.get(field(20, 5)) as u8;
                store(base.wrapping_add_signed(signed(offset, 12)), byte, memory_of)?;
            }
            _ => return Err(None),
        }
        self.set_pc(self.pc() + size_of_val(&insn));
        Ok(())
    }
}
