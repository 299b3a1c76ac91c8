// SPDX-License-Identifier: MIT OR Apache-2.0
//! x86_64 Linux.

use axptr::{Access, FaultKind};
use libc::{REG_ERR, REG_RAX, REG_RCX, REG_RDI, REG_RDX, REG_RIP, REG_RSI, c_int};

use super::{MemoryOf, Refusal, Registers, instruction, load, store};

impl Registers<'_> {
    /// What a fault at a mapping that permits nothing is called: the signal's code says that there is a mapping.
    pub(crate) const NO_ACCESS_IS: FaultKind = FaultKind::Permission;

    /// What a fault at an address that no page table can map is called: #GP: the address is none that can be translated.
    pub(crate) const UNTRANSLATABLE_IS: FaultKind = FaultKind::NonCanonical;

    fn get(&self, register: c_int) -> usize {
        self.context.uc_mcontext.gregs[register as usize] as usize
    }

    fn set(&mut self, register: c_int, value: usize) {
        self.context.uc_mcontext.gregs[register as usize] = value as i64;
    }

    pub(crate) fn pc(&self) -> usize {
        self.get(REG_RIP)
    }

    pub(crate) fn set_pc(&mut self, pc: usize) {
        self.set(REG_RIP, pc);
    }

    pub(crate) fn set_cause(&mut self, cause: usize) {
        self.set(REG_RDX, cause);
    }

    /// The register in which the routines count, as a trap frame may do that does not keep its contract.
    pub(crate) fn set_count(&mut self, count: usize) {
        self.set(REG_RCX, count);
    }

    /// What the machine says about a page fault.
    pub(crate) fn access(&self) -> Option<Access> {
        const WRITE: usize = 1 << 1;
        Some(if self.get(REG_ERR) & WRITE != 0 { Access::Write } else { Access::Read })
    }

    /// Goes on behind the interrupted instruction, by hand, if it is one of single bytes from rsi, to rdi or both.
    pub(crate) fn by_hand(&mut self, memory_of: MemoryOf) -> Result<(), Refusal> {
        const LOAD: [u8; 2] = [0x8a, 0x06];
        const STORE: [u8; 2] = [0x88, 0x07];
        const REP_MOVS: [u8; 2] = [0xf3, 0xa4];
        const REP_STOS: [u8; 2] = [0xf3, 0xaa];
        let insn: [u8; 2] = instruction(self.pc());
        match insn {
            LOAD => self.set(REG_RAX, load(self.get(REG_RSI), memory_of)?.into()),
            STORE => store(self.get(REG_RDI), self.get(REG_RAX) as u8, memory_of)?,
            REP_MOVS | REP_STOS => {
                while self.get(REG_RCX) != 0 {
                    let copies = insn == REP_MOVS;
                    let byte =
                        if copies { load(self.get(REG_RSI), memory_of)? } else { self.get(REG_RAX) as u8 };
                    store(self.get(REG_RDI), byte, memory_of)?;
                    self.set(REG_RSI, self.get(REG_RSI) + usize::from(copies));
                    self.set(REG_RDI, self.get(REG_RDI) + 1);
                    self.set(REG_RCX, self.get(REG_RCX) - 1);
                }
            }
            _ => return Err(None),
        }
        self.set_pc(self.pc() + insn.len());
        Ok(())
    }
}
