// SPDX-License-Identifier: MIT OR Apache-2.0
//! The vector table of EL1, and the frame that `asm/aarch64/vector.S` builds.
//!
//! There are two of ours, one for each line of axcpu: that file says why.

use core::{
    arch::{asm, global_asm},
    ptr,
    sync::atomic::Ordering,
};

use super::{
    error::InstallError,
    fault::{self, InterruptState},
};
use crate::{
    arch::{
        CPU, CPU_PAN, MOPS, MOPS_PROVED, MOPS_REFUTED, MOPS_UNKNOWN, ask_cpu, is_unprivileged_copy,
        level::{self, Level},
        translation::Translation,
    },
    extable::{cause::FaultKind, entry::Entry, table::Table},
    recovery::trap::{Report, TrapFrame},
};

// Exception classes of the current exception level (Arm ARM D24.2.40, ESR_EL1).
const EC_SHIFT: u32 = 26;
const EC_MASK: usize = 0x3f;
const EC_UNDEFINED: usize = 0x00;
const EC_DATA_ABORT: usize = 0x25;
const EC_MEMORY_COPY: usize = 0x27;

const SPSR_PAN: usize = 1 << 22;
const SPSR_DAIF: usize = 0xf << 6;

global_asm!(
    include_str!("../../../asm/aarch64/vector.S"),
    cpu = sym CPU,
    pan = const CPU_PAN.trailing_zeros(),
    neon = const cfg!(axptr_vector_registers = "saved") as u8,
    on_fault = sym on_fault,
);

unsafe extern "C" {
    #[link_name = "__axptr_vector"]
    static VECTOR: u32;
    #[link_name = "__axptr_vector_living"]
    static VECTOR_LIVING: u32;
    #[link_name = "__axptr_try_mops_insn"]
    static TRY_MOPS_INSN: u8;
    #[link_name = "__axptr_try_mops_end"]
    static TRY_MOPS_END: u8;
    fn __axptr_try_mops() -> usize;
}

/// The function that `asm/aarch64/vector.S` calls.
extern "C" fn on_fault(frame: &mut Frame) -> bool {
    if frame.elr == (&raw const TRY_MOPS_INSN).addr() {
        // This CPU does not execute the instruction.
        frame.elr = (&raw const TRY_MOPS_END).addr();
        return true;
    }
    fault::decide(frame, frame.report(), frame.interrupts())
}

/// The stack as `asm/aarch64/vector.S` leaves it.
#[derive(Debug)]
#[repr(C)]
struct Frame {
    x: [usize; 19],
    lr: usize,
    elr: usize,
    spsr: usize,
    esr: usize,
    far: usize,
    pan: usize,
    _align: usize,
}

const _: () = assert!(size_of::<Frame>() == 208);

impl Frame {
    /// What the machine reported; `None` if the exception is no data access of this crate.
    fn report(&self) -> Option<Report> {
        match self.esr >> EC_SHIFT & EC_MASK {
            EC_DATA_ABORT => self.data_abort(),
            EC_MEMORY_COPY => Some(self.memory_copy()),
            EC_UNDEFINED if is_unprivileged_copy(self.insn()) => Some(self.memory_copy()),
            _ => None,
        }
    }

    fn data_abort(&self) -> Option<Report> {
        // PAN does not affect unprivileged accesses (Arm ARM D8.4.3.5).
        let window_closed = self.spsr & SPSR_PAN != 0 && !self.is_unprivileged();
        // SAFETY: (1) the vector runs in kernel mode.
        let (addr, bits) = unsafe { Translation::read() }.of(self.far);
        Some(Report { window_closed, ..Report::aarch64_with_bits(self.esr, addr, bits)? })
    }

    /// The instruction that faulted.
    fn insn(&self) -> u32 {
        let pc = ptr::with_exposed_provenance::<u32>(self.elr);
        // SAFETY: the CPU has just executed this instruction, because the exception is no abort of a fetch.
        unsafe { pc.read() }
    }

    /// Whether the instruction is unprivileged: LDTR or STTR of any width (Arm ARM C4.1.94), or CPY* or SET* in an
    /// unprivileged form.
    fn is_unprivileged(&self) -> bool {
        let insn = self.insn();
        insn & 0x3f20_0c00 == 0x3800_0800 || is_unprivileged_copy(insn)
    }

    /// The report for a copy that another CPU began. This CPU implements it in the other way (Arm ARM D24.2.40, "Memory
    /// Copy or Memory Set exception"), or not at all. Nothing is wrong with the memory. So the landing does the rest,
    /// as for causes that may end inside a page.
    fn memory_copy(&self) -> Report {
        let access = Table::image().find(self.elr).and_then(Entry::only_access);
        Report { access, kind: FaultKind::Misaligned, addr: None, ..Report::default() }
    }

    /// The interrupt state of the interrupted code.
    fn interrupts(&self) -> Interrupts {
        Interrupts { daif: self.spsr & SPSR_DAIF }
    }
}

// SAFETY: (1) to (4) These are the registers that the vector saves and restores. The cause goes into
// `Landing::REGISTER`.
unsafe impl TrapFrame for Frame {
    fn pc(&self) -> usize {
        self.elr
    }

    fn set_pc(&mut self, pc: usize) {
        self.elr = pc;
    }

    fn set_cause(&mut self, value: usize) {
        self.x[1] = value;
    }
}

/// The interrupt masks of the interrupted code.
#[derive(Clone, Copy, Debug)]
struct Interrupts {
    daif: usize,
}

impl InterruptState for Interrupts {
    fn during<R>(self, f: impl FnOnce() -> R) -> R {
        // SAFETY: the interrupted code ran with these masks, on this stack.
        unsafe { asm!("msr daif, {}", in(reg) self.daif, options(nostack)) };
        let result = f();
        // SAFETY: the masks with which the exception entered us.
        unsafe { asm!("msr daifset, 0xf", options(nostack)) };
        result
    }
}

/// Makes this CPU's VBAR_EL1 point to our table. Calls `ready` first, if nothing refuses it.
pub(super) unsafe fn put_in_front(ready: impl FnOnce()) -> Result<(), InstallError> {
    // The vector closes the window if the CPU has one, so it must know the CPU.
    ask_cpu();
    // SAFETY: (1) is our caller's.
    if !unsafe { Level::read() }.is_kernel_of_user_mode() {
        return Err(InstallError::WrongLevel);
    }
    // SAFETY: (1) is our caller's.
    if unsafe { level::unprivileged_accesses_are_overridden() } {
        return Err(InstallError::AccessOverride);
    }
    let current = current_table();
    if !is_ours(current) {
        if current == 0 {
            return Err(InstallError::NoHandler);
        }
        let goes_on = |&&slot: &&*const u32| branch_target(slot) == current;
        let Some(ours) = our_tables().iter().find(goes_on).copied() else {
            return Err(InstallError::UnknownHandler);
        };
        ready();
        // SAFETY: (1), (2) our table passes everything else on to the current one.
        unsafe { asm!("msr vbar_el1, {}", "isb", in(reg) ours, options(nostack, preserves_flags)) };
    } else {
        ready();
    }
    prove_mops();
    Ok(())
}

/// Finds out whether this CPU executes copy and set instructions. If one CPU does not, no CPU uses them.
fn prove_mops() {
    // SAFETY: copies nothing. The vector is in front by now, and takes the exception of an undefined instruction.
    let works = unsafe { __axptr_try_mops() } != 0;
    if works {
        let _ = MOPS.compare_exchange(MOPS_UNKNOWN, MOPS_PROVED, Ordering::Relaxed, Ordering::Relaxed);
    } else {
        MOPS.store(MOPS_REFUTED, Ordering::Relaxed);
    }
    ask_cpu();
}

/// Whether this CPU's VBAR_EL1 points to a table of ours.
pub(super) fn is_in_front() -> bool {
    is_ours(current_table())
}

/// This CPU's table.
fn current_table() -> usize {
    let current: usize;
    // SAFETY: reads a register, in kernel mode.
    unsafe { asm!("mrs {}, vbar_el1", out(reg) current, options(nomem, nostack, preserves_flags)) };
    current
}

/// Our tables, which differ in what they go on to.
fn our_tables() -> [*const u32; 2] {
    [&raw const VECTOR, &raw const VECTOR_LIVING]
}

fn is_ours(table: usize) -> bool {
    our_tables().iter().any(|ours| ours.addr() == table)
}

/// The target of the branch in a table's first slot (Arm ARM C6.2.26, B: a signed number of words).
fn branch_target(slot: *const u32) -> usize {
    // SAFETY: the first word of one of our tables, which are constant.
    let insn = unsafe { slot.read() };
    let words = ((insn << 6) as i32 >> 6) as isize;
    slot.addr().wrapping_add_signed(words * 4)
}
