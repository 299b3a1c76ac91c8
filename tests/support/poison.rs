// SPDX-License-Identifier: MIT OR Apache-2.0
//! Pages that fail in the middle, as damaged or tagged memory does: simulated, because no user can damage memory.
//!
//! A poisoned page is inaccessible to the machine. The handler answers every wide access to it with a sub-page
//! cause, and does those of single bytes by hand, up to the first bad one.

use std::{
    ptr,
    sync::atomic::{AtomicUsize, Ordering},
};

use axptr::Access;
use axptr_cases::PAGE;
use libc::{REG_RAX, REG_RCX, REG_RDI, REG_RIP, REG_RSI};

/// The good bytes at the start of each poisoned page.
pub(crate) const GOOD: usize = 5;

/// Poisoned pages: their first address, the one behind them, and where their memory is.
static RUNS: [[AtomicUsize; 3]; 64] = [const { [const { AtomicUsize::new(0) }; 3] }; 64];
static COUNT: AtomicUsize = AtomicUsize::new(0);

/// Forgets all pages.
pub(crate) fn clear() {
    COUNT.store(0, Ordering::Relaxed);
}

/// Poisons the page at `start`, whose memory is at `alias`.
pub(crate) fn add(start: usize, alias: usize) {
    let index = COUNT.load(Ordering::Relaxed);
    let [first, behind, memory] = &RUNS[index];
    first.store(start, Ordering::Relaxed);
    behind.store(start + PAGE, Ordering::Relaxed);
    memory.store(alias, Ordering::Relaxed);
    COUNT.store(index + 1, Ordering::Relaxed);
}

/// Where the byte at `addr` can be had, if it is a good one; `None` if it is bad.
fn memory_of(addr: usize) -> Option<usize> {
    let runs = &RUNS[..COUNT.load(Ordering::Relaxed)];
    for [first, behind, memory] in runs {
        let start = first.load(Ordering::Relaxed);
        if (start..behind.load(Ordering::Relaxed)).contains(&addr) {
            let offset = addr - start;
            return (offset % PAGE < GOOD).then(|| memory.load(Ordering::Relaxed) + offset);
        }
    }
    Some(addr)
}

/// Goes on with the interrupted instruction by hand, if it is one of single bytes from rsi, to rdi or both.
///
/// `Ok` if it can resume; else the access that met a bad byte, or `told` for other instructions.
pub(crate) fn resume(registers: &mut [i64; 23], told: Access) -> Result<(), Access> {
    const LOAD: [u8; 2] = [0x8a, 0x06];
    const STORE: [u8; 2] = [0x88, 0x07];
    const REP_MOVS: [u8; 2] = [0xf3, 0xa4];
    const REP_STOS: [u8; 2] = [0xf3, 0xaa];
    let pc = ptr::with_exposed_provenance::<[u8; 2]>(registers[REG_RIP as usize] as usize);
    // SAFETY: the machine has just fetched it.
    let insn = unsafe { pc.read() };
    match insn {
        LOAD => registers[REG_RAX as usize] = i64::from(load(registers)?),
        STORE => store(registers, registers[REG_RAX as usize] as u8)?,
        REP_MOVS | REP_STOS => {
            while registers[REG_RCX as usize] != 0 {
                let copies = insn == REP_MOVS;
                let byte = if copies { load(registers)? } else { registers[REG_RAX as usize] as u8 };
                store(registers, byte)?;
                registers[REG_RSI as usize] += i64::from(copies);
                registers[REG_RDI as usize] += 1;
                registers[REG_RCX as usize] -= 1;
            }
        }
        _ => return Err(told),
    }
    registers[REG_RIP as usize] += insn.len() as i64;
    Ok(())
}

fn load(registers: &[i64; 23]) -> Result<u8, Access> {
    let from = memory_of(registers[REG_RSI as usize] as usize).ok_or(Access::Read)?;
    // SAFETY: the instruction would read it: memory of the test's, or a poisoned page's by its other address.
    Ok(unsafe { ptr::with_exposed_provenance::<u8>(from).read() })
}

fn store(registers: &[i64; 23], byte: u8) -> Result<(), Access> {
    let to = memory_of(registers[REG_RDI as usize] as usize).ok_or(Access::Write)?;
    // SAFETY: the instruction would write it: as above.
    unsafe { ptr::with_exposed_provenance_mut::<u8>(to).write(byte) };
    Ok(())
}
