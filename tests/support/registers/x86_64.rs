// SPDX-License-Identifier: MIT OR Apache-2.0
//! x86_64 Linux.

use std::ptr;

use axptr::{Access, FaultKind};
use libc::{REG_ERR, REG_RAX, REG_RCX, REG_RDI, REG_RDX, REG_RIP, REG_RSI, greg_t, ucontext_t};

use super::{MemoryOf, Refusal, Registers, instruction};

pub(super) const CAUSE: usize = REG_RDX as usize;
pub(super) const COUNT: usize = REG_RCX as usize;

/// #GP: the address is none that can be translated.
pub(super) const UNTRANSLATABLE_IS: FaultKind = FaultKind::NonCanonical;

pub(super) fn pc(context: &mut ucontext_t) -> &mut greg_t {
    &mut context.uc_mcontext.gregs[REG_RIP as usize]
}

pub(super) fn register(context: &mut ucontext_t, number: usize) -> Option<&mut greg_t> {
    Some(&mut context.uc_mcontext.gregs[number])
}

/// Of a page fault.
pub(super) fn access(registers: &mut Registers<'_>) -> Option<Access> {
    const WRITE: usize = 1 << 1;
    Some(if registers.get(REG_ERR as usize) & WRITE != 0 { Access::Write } else { Access::Read })
}

impl Registers<'_> {
    /// Goes on behind the interrupted instruction, by hand, if it is one of single bytes from rsi, to rdi or both.
    pub(crate) fn by_hand(&mut self, memory_of: MemoryOf) -> Result<(), Refusal> {
        const LOAD: [u8; 2] = [0x8a, 0x06];
        const STORE: [u8; 2] = [0x88, 0x07];
        const REP_MOVS: [u8; 2] = [0xf3, 0xa4];
        const REP_STOS: [u8; 2] = [0xf3, 0xaa];
        const RAX: usize = REG_RAX as usize;
        const RSI: usize = REG_RSI as usize;
        const RDI: usize = REG_RDI as usize;
        let insn: [u8; 2] = instruction(self.pc());
        match insn {
            LOAD => {
                let byte = load(self.get(RSI), memory_of)?;
                self.set(RAX, byte.into());
            }
            STORE => store(self.get(RDI), self.get(RAX) as u8, memory_of)?,
            REP_MOVS | REP_STOS => {
                while self.get(COUNT) != 0 {
                    let copies = insn == REP_MOVS;
                    let byte = if copies { load(self.get(RSI), memory_of)? } else { self.get(RAX) as u8 };
                    store(self.get(RDI), byte, memory_of)?;
                    for (register, by) in [(RSI, usize::from(copies)), (RDI, 1), (COUNT, usize::MAX)] {
                        let value = self.get(register).wrapping_add(by);
                        self.set(register, value);
                    }
                }
            }
            _ => return Err(None),
        }
        self.skip(insn.len());
        Ok(())
    }
}

/// Does the load of an instruction of single bytes.
fn load(addr: usize, memory_of: MemoryOf) -> Result<u8, Refusal> {
    let from = memory_of(addr).ok_or(Some(Access::Read))?;
    // SAFETY: the instruction would read it: memory of the test's, or a poisoned page's by its other address.
    Ok(unsafe { ptr::with_exposed_provenance::<u8>(from).read() })
}

/// Does the store of an instruction of single bytes.
fn store(addr: usize, byte: u8, memory_of: MemoryOf) -> Result<(), Refusal> {
    let to = memory_of(addr).ok_or(Some(Access::Write))?;
    // SAFETY: the instruction would write it: as above.
    unsafe { ptr::with_exposed_provenance_mut::<u8>(to).write(byte) };
    Ok(())
}
