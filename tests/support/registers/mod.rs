// SPDX-License-Identifier: MIT OR Apache-2.0
//! The registers of a signal frame: what a test's own handler reads and writes.
//!
//! A machine's file says where they are (`pc`, `register`, which has none that is always zero), which are the cause's
//! and the routines' count, and what faults are called there. Where all that touches memory is a load or a store of one
//! register, it tells them from other instructions (`decode`), and the rest is `insn`.

use std::ffi::c_void;

use axptr::{Access, FaultKind};
use libc::ucontext_t;

#[cfg(not(target_arch = "x86_64"))]
mod insn;
#[cfg_attr(target_arch = "x86_64", path = "x86_64.rs")]
#[cfg_attr(target_arch = "aarch64", path = "aarch64.rs")]
#[cfg_attr(target_arch = "riscv64", path = "riscv64.rs")]
#[cfg_attr(target_arch = "loongarch64", path = "loongarch64.rs")]
mod machine;

/// The interrupted registers, which the kernel restores when the handler returns.
#[derive(Debug)]
pub(crate) struct Registers<'a> {
    context: &'a mut ucontext_t,
}

/// Where the byte at an address can be had instead; `None` if it is a bad one.
pub(crate) type MemoryOf = fn(usize) -> Option<usize>;

/// Why an instruction was not done by hand: the access that met a bad byte, if the instruction is one of single
/// bytes.
pub(crate) type Refusal = Option<Access>;

impl<'a> Registers<'a> {
    /// What a fault at a mapping that permits nothing is called: the signal's code says that there is a mapping.
    pub(crate) const NO_ACCESS_IS: FaultKind = FaultKind::Permission;

    /// What a fault at an address that no page table can map is called.
    pub(crate) const UNTRANSLATABLE_IS: FaultKind = machine::UNTRANSLATABLE_IS;

    /// Those of a handler's third argument.
    ///
    /// # Safety
    ///
    /// 1. It is what the kernel gave to a handler with SA_SIGINFO that has not returned, and nobody else uses it
    ///    for `'a`.
    pub(crate) unsafe fn of(context: *mut c_void) -> Self {
        // SAFETY: (1).
        Self { context: unsafe { &mut *context.cast::<ucontext_t>() } }
    }

    /// A general register, by its number in instructions.
    fn get(&mut self, register: usize) -> usize {
        machine::register(self.context, register).map_or(0, |register| *register as usize)
    }

    fn set(&mut self, register: usize, value: usize) {
        if let Some(register) = machine::register(self.context, register) {
            *register = value as _;
        }
    }

    pub(crate) fn pc(&mut self) -> usize {
        *machine::pc(self.context) as usize
    }

    pub(crate) fn set_pc(&mut self, pc: usize) {
        *machine::pc(self.context) = pc as _;
    }

    /// Goes on behind an instruction of so many bytes.
    pub(crate) fn skip(&mut self, bytes: usize) {
        let pc = self.pc();
        self.set_pc(pc + bytes);
    }

    pub(crate) fn set_cause(&mut self, cause: usize) {
        self.set(machine::CAUSE, cause);
    }

    /// The register in which the routines count, as a trap frame may do that does not keep its contract.
    pub(crate) fn set_count(&mut self, count: usize) {
        self.set(machine::COUNT, count);
    }

    /// What the machine says about a fault, wherever it runs.
    pub(crate) fn access(&mut self) -> Option<Access> {
        machine::access(self)
    }
}

/// The instruction at `pc`.
fn instruction<T: Copy>(pc: usize) -> T {
    // SAFETY: the machine has just fetched it.
    unsafe { std::ptr::with_exposed_provenance::<T>(pc).read_unaligned() }
}
