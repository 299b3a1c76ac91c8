// SPDX-License-Identifier: MIT OR Apache-2.0
//! `stvec`, and the frame that the vector builds.

use core::arch::{asm, global_asm};

use super::{
    error::InstallError,
    fault::{self, InterruptState},
};
use crate::{
    arch::SSTATUS_SUM,
    recovery::trap::{Report, TrapFrame},
};

// Bits of `sstatus` (Privileged ISA, "sstatus").
const SSTATUS_SIE: usize = 1 << 1;
const SSTATUS_SPIE: usize = 1 << 5;
const SSTATUS_SPP: usize = 1 << 8;

/// The bits of `sstatus` that the frame restores: those that a trap sets, and the window.
const SSTATUS_ENTRY: usize = SSTATUS_SPIE | SSTATUS_SPP | SSTATUS_SUM;

/// How far a jump without a register goes (Unprivileged ISA, "JAL").
const REACH: usize = 1 << 20;

global_asm!(
    include_str!("../../../asm/riscv64/vector.S"),
    sum = const SSTATUS_SUM,
    entry = const SSTATUS_ENTRY,
    on_fault = sym on_fault,
);

unsafe extern "C" {
    #[link_name = "__axptr_vector"]
    static VECTOR: u8;
    /// The jump by which our vector passes on.
    #[link_name = "__axptr_vector_jump"]
    static JUMP: u32;
    /// The address of axcpu's vector, or 0 if the kernel has none of that name.
    #[link_name = "__axptr_vector_axcpu"]
    safe static AXCPU: usize;
}

/// The function that `asm/riscv64/vector.S` calls.
extern "C" fn on_fault(frame: &mut Frame) -> bool {
    fault::decide(frame, frame.report(), frame.interrupts())
}

/// The stack as `asm/riscv64/vector.S` leaves it.
#[derive(Debug)]
#[repr(C)]
struct Frame {
    sepc: usize,
    sstatus: usize,
    scause: usize,
    stval: usize,
    ra: usize,
    t: [usize; 7],
    a: [usize; 8],
}

const _: () = assert!(size_of::<Frame>() == 160, "the frame of asm/riscv64/vector.S");

impl Frame {
    /// What the machine reported; `None` if the fault is no data access.
    fn report(&self) -> Option<Report> {
        let report = Report::riscv64_with_bits(self.scause, self.stval, translated_bits())?;
        Some(Report { window_closed: self.sstatus & SSTATUS_SUM == 0, ..report })
    }

    /// Whether interrupts were on at the fault.
    fn interrupts(&self) -> Interrupts {
        Interrupts { on: self.sstatus & SSTATUS_SPIE != 0 }
    }
}

// SAFETY: (1) to (4) These are the registers that the vector saves and restores. The cause goes into
// `Landing::REGISTER`.
unsafe impl TrapFrame for Frame {
    fn pc(&self) -> usize {
        self.sepc
    }

    fn set_pc(&mut self, pc: usize) {
        self.sepc = pc;
    }

    fn set_cause(&mut self, value: usize) {
        self.a[1] = value;
    }
}

/// How many bits of an address this CPU translates now (Privileged ISA, "satp").
fn translated_bits() -> u32 {
    const BARE: usize = 0;
    const SV39: usize = 8;
    let satp: usize;
    // SAFETY: reads a control register, in kernel mode.
    unsafe { asm!("csrr {}, satp", out(reg) satp, options(nomem, nostack, preserves_flags)) };
    match satp >> 60 {
        BARE => usize::BITS,
        // Each further mode has one more level of 9 bits.
        mode => 39 + 9 * mode.saturating_sub(SV39) as u32,
    }
}

/// The interrupt state of the interrupted code, which the trap cleared.
#[derive(Clone, Copy, Debug)]
struct Interrupts {
    on: bool,
}

impl InterruptState for Interrupts {
    fn during<R>(self, f: impl FnOnce() -> R) -> R {
        if self.on {
            // SAFETY: the interrupted code ran with interrupts on, on this stack.
            unsafe { asm!("csrs sstatus, {}", in(reg) SSTATUS_SIE, options(nostack)) };
        }
        let result = f();
        // SAFETY: the state in which the trap entered us.
        unsafe { asm!("csrc sstatus, {}", in(reg) SSTATUS_SIE, options(nostack)) };
        result
    }
}

/// Whether this CPU's `stvec` points to our vector.
pub(super) fn is_in_front() -> bool {
    current_entry() == (&raw const VECTOR).addr()
}

/// This CPU's trap entry.
fn current_entry() -> usize {
    let entry: usize;
    // SAFETY: reads a control register, in kernel mode.
    unsafe { asm!("csrr {}, stvec", out(reg) entry, options(nomem, nostack, preserves_flags)) };
    entry
}

/// Makes this CPU's `stvec` point to our vector. Calls `ready` first, if nothing refuses it.
pub(super) unsafe fn put_in_front(ready: impl FnOnce()) -> Result<(), InstallError> {
    let ours = (&raw const VECTOR).addr();
    let former = current_entry();
    if former == ours {
        ready();
        return Ok(());
    }
    if former == 0 {
        return Err(InstallError::NoHandler);
    }
    if former != jump_target() {
        // If it is near, nobody has named it: the fragment is missing.
        let is_far = AXCPU.abs_diff((&raw const JUMP).addr()) >= REACH;
        return Err(if former == AXCPU && is_far {
            InstallError::TooFar
        } else {
            InstallError::UnknownHandler
        });
    }
    ready();
    // SAFETY: our vector passes every trap that it does not decide on to the former vector.
    unsafe { asm!("csrw stvec, {}", in(reg) ours, options(nostack, preserves_flags)) };
    Ok(())
}

/// Where our vector's jump goes to, as the linker has filled it in (Unprivileged ISA, "JAL": 20 bits of an even distance).
/// If it filled in nothing, that is the jump itself.
fn jump_target() -> usize {
    let jump = &raw const JUMP;
    // SAFETY: an instruction of our vector, which is constant.
    let insn = unsafe { jump.read() };
    let upper = (insn as i32 >> 31) as isize * (1 << 20);
    let rest = insn & 0xf_f000 | (insn >> 20 & 1) << 11 | (insn >> 21 & 0x3ff) << 1;
    jump.addr().wrapping_add_signed(upper + rest as isize)
}
