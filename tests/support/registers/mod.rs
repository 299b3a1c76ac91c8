// SPDX-License-Identifier: MIT OR Apache-2.0
//! The registers of a signal frame: what a test's own handler reads and writes, one file per machine.

use std::ffi::c_void;

use axptr::Access;
use libc::ucontext_t;

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
}

/// Does the load of an instruction of single bytes.
fn load(addr: usize, memory_of: MemoryOf) -> Result<u8, Refusal> {
    let from = memory_of(addr).ok_or(Some(Access::Read))?;
    // SAFETY: the instruction would read it: memory of the test's, or a poisoned page's by its other address.
    Ok(unsafe { std::ptr::with_exposed_provenance::<u8>(from).read() })
}

/// Does the store of an instruction of single bytes.
fn store(addr: usize, byte: u8, memory_of: MemoryOf) -> Result<(), Refusal> {
    let to = memory_of(addr).ok_or(Some(Access::Write))?;
    // SAFETY: the instruction would write it: as above.
    unsafe { std::ptr::with_exposed_provenance_mut::<u8>(to).write(byte) };
    Ok(())
}

/// The instruction at `pc`.
fn instruction<T: Copy>(pc: usize) -> T {
    // SAFETY: the machine has just fetched it.
    unsafe { std::ptr::with_exposed_provenance::<T>(pc).read_unaligned() }
}
