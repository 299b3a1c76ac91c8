// SPDX-License-Identifier: MIT OR Apache-2.0
//! The gates of the IDT, and the frame that the vector builds.

use core::{
    arch::{asm, global_asm},
    sync::atomic::{AtomicUsize, Ordering},
};

use super::{
    error::InstallError,
    fault::{self, InterruptState},
};
use crate::{
    arch::{CPU, CPU_SMAP, CPU_WIDER, IS_WIDE, ask_cpu, control::Cr4, has_window},
    recovery::trap::{Operands, Report, TrapFrame},
};

const GP: usize = 13;
const PF: usize = 14;

const RFLAGS_IF: usize = 1 << 9;
const RFLAGS_AC: usize = 1 << 18;

/// The gates of a whole IDT.
const GATES: usize = 256;

/// The size of a stub in `asm/x86_64/vector.S`, in bytes: the code for a gate that only closes the window.
const STUB: usize = 13;

/// The former handlers of the gates. `asm/x86_64/vector.S` jumps to them.
static FORMER: [AtomicUsize; GATES] = [const { AtomicUsize::new(0) }; GATES];

global_asm!(
    include_str!("../../../asm/x86_64/vector.S"),
    cpu = sym CPU,
    smap = const CPU_SMAP,
    wide = const IS_WIDE as u8,
    wider = const CPU_WIDER,
    on_fault = sym on_fault,
    former = sym FORMER,
    gates = const GATES,
    stub = const STUB,
);

unsafe extern "C" {
    #[link_name = "__axptr_vector_gp"]
    static VECTOR_GP: u8;
    #[link_name = "__axptr_vector_pf"]
    static VECTOR_PF: u8;
    #[link_name = "__axptr_vector_others"]
    static VECTOR_OTHERS: u8;
}

/// The function that `asm/x86_64/vector.S` calls.
extern "C" fn on_fault(frame: &mut Frame) -> bool {
    fault::decide(frame, frame.report(), frame.interrupts())
}

/// The stack as `asm/x86_64/vector.S` leaves it, from the last push up.
#[derive(Debug)]
#[repr(C)]
struct Frame {
    cr2: usize,
    r11: usize,
    r10: usize,
    r9: usize,
    r8: usize,
    rdi: usize,
    rsi: usize,
    rdx: usize,
    rcx: usize,
    rax: usize,
    vector: usize,
    error: usize,
    rip: usize,
    cs: usize,
    rflags: usize,
    rsp: usize,
    ss: usize,
}

impl Frame {
    /// What the machine reported; `None` if the fault is no data access.
    fn report(&self) -> Option<Report> {
        if self.vector == GP {
            return Some(Report::x86_64_protection_fault());
        }
        // SMAP affects user pages while AC is 0 (SDM vol. 3, 4.6.1).
        let window_closed = self.rflags & RFLAGS_AC == 0 && cr4().has_smap_on();
        Some(Report { window_closed, ..Report::x86_64_page_fault(self.error, self.cr2)? })
    }

    /// Whether interrupts were on at the fault.
    fn interrupts(&self) -> Interrupts {
        Interrupts { on: self.rflags & RFLAGS_IF != 0 }
    }
}

// SAFETY: (1) to (4) These are the registers that the vector saves and restores. The cause goes into
// `Landing::REGISTER`.
unsafe impl TrapFrame for Frame {
    fn pc(&self) -> usize {
        self.rip
    }

    fn set_pc(&mut self, pc: usize) {
        self.rip = pc;
    }

    fn set_cause(&mut self, value: usize) {
        self.rdx = value;
    }

    fn operands(&self) -> Option<Operands> {
        Some(Operands { read: self.rsi, write: self.rdi })
    }
}

fn cr4() -> Cr4 {
    // SAFETY: (1) the vector runs in kernel mode, and so does its installation.
    unsafe { Cr4::read() }
}

/// An interrupt state: of the interrupted code, or of this code before [`off`](Self::off).
#[derive(Clone, Copy, Debug)]
struct Interrupts {
    on: bool,
}

impl Interrupts {
    /// Turns interrupts off, and returns whether they were on.
    fn off() -> Self {
        let rflags: usize;
        // SAFETY: pushes and pops a word. The caller restores the interrupt state.
        unsafe { asm!("pushfq", "pop {}", "cli", out(reg) rflags) };
        Self { on: rflags & RFLAGS_IF != 0 }
    }

    /// Turns interrupts on again if they were on.
    fn restore(self) {
        if self.on {
            // SAFETY: they were on before `off`.
            unsafe { asm!("sti", options(nostack)) };
        }
    }
}

impl InterruptState for Interrupts {
    fn during<R>(self, f: impl FnOnce() -> R) -> R {
        if self.on {
            // SAFETY: the interrupted code ran with interrupts on, on this stack.
            unsafe { asm!("sti", options(nostack)) };
        }
        let result = f();
        // SAFETY: the state in which the gate entered us.
        unsafe { asm!("cli", options(nostack)) };
        result
    }
}

/// A 64-bit interrupt gate (SDM vol. 3, 6.14.1). `low` holds bits 0..16 and 16..32 of the address, on both sides of the
/// other fields.
#[repr(C)]
struct Gate {
    low: u64,
    high: u64,
}

impl Gate {
    const PRESENT: u64 = 1 << 47;
    /// The number of a stack in the task-state segment, or 0 for the current stack.
    const STACK: u64 = 7 << 32;
    const LOW_ADDRESS: u64 = 0xffff_0000_0000_ffff;

    fn handler(&self) -> Option<usize> {
        let address = self.low & 0xffff | (self.low >> 32) & 0xffff_0000 | self.high << 32;
        (self.low & Self::PRESENT != 0).then_some(address as usize)
    }

    /// Whether the CPU changes to a stack of its own, although the privilege level stays.
    fn changes_stack(&self) -> bool {
        self.low & Self::STACK != 0
    }

    fn with_handler(&self, handler: usize) -> Self {
        let handler = handler as u64;
        let address = handler & 0xffff | (handler & 0xffff_0000) << 32;
        Self { low: self.low & !Self::LOW_ADDRESS | address, high: handler >> 32 }
    }
}

/// Whether this CPU's gates of #GP and #PF are our vector's.
pub(super) fn is_in_front() -> bool {
    let (table, count) = interrupt_table();
    [GP, PF].into_iter().all(|number| {
        // SAFETY: (1) the CPU's own table has this gate.
        let gate = || unsafe { table.wrapping_add(number).read() };
        number < count && gate().handler() == ours(number)
    })
}

/// Makes this CPU's gates point to our vector. Calls `ready` first, if nothing refuses it.
pub(super) unsafe fn put_in_front(ready: impl FnOnce()) -> Result<(), InstallError> {
    if cr4().has_fred_on() {
        return Err(InstallError::Fred);
    }
    // The vector closes the window if the CPU has one, so it must know the CPU.
    ask_cpu();
    // SAFETY: (1) is our caller's.
    if unsafe { cr4().has_shadow_stack() } {
        return Err(InstallError::ShadowStack);
    }
    let (table, count) = interrupt_table();
    if count <= PF {
        return Err(InstallError::NoHandler);
    }
    // SAFETY: (1) the table is the CPU's own, and nothing writes to it now.
    let gate = |number| unsafe { table.wrapping_add(number).read() };
    // Check all gates before changing one.
    for number in [GP, PF] {
        let old: Gate = gate(number);
        if old.handler().is_none() {
            return Err(InstallError::NoHandler);
        }
        // The pager may sleep, and the next fault would begin at the top of the same stack.
        if old.changes_stack() {
            return Err(InstallError::SeparateStack);
        }
    }
    let gates = || (0..count).filter_map(|number| Some((number, ours(number)?)));
    for (number, ours) in gates() {
        let former = FORMER[number].load(Ordering::Acquire);
        let is_other = |handler| handler != ours && former != 0 && former != handler;
        if gate(number).handler().is_some_and(is_other) {
            return Err(InstallError::OtherHandler);
        }
    }
    ready();
    let interrupts = Interrupts::off();
    for (number, ours) in gates() {
        let old = gate(number);
        if let Some(handler) = old.handler()
            && handler != ours
        {
            FORMER[number].store(handler, Ordering::Release);
            // SAFETY: (1) The table is writable, and the CPU takes nothing through it meanwhile, so it never uses half
            // a gate. (2) The former handler's selector, type and stack also serve our handler.
            unsafe { table.wrapping_add(number).write(old.with_handler(ours)) };
        }
    }
    interrupts.restore();
    Ok(())
}

/// The handler for a gate; `None` if the gate may stay as it is.
fn ours(number: usize) -> Option<usize> {
    match number {
        GP => Some((&raw const VECTOR_GP).addr()),
        PF => Some((&raw const VECTOR_PF).addr()),
        // Without SMAP there is no window, and no `clac`.
        _ => has_window().then(|| (&raw const VECTOR_OTHERS).addr() + number * STUB),
    }
}

/// The address of this CPU's IDT, and the number of its gates.
fn interrupt_table() -> (*mut Gate, usize) {
    #[repr(C, packed)]
    struct Pointer {
        limit: u16,
        base: u64,
    }
    let mut pointer = Pointer { limit: 0, base: 0 };
    // SAFETY: stores 10 bytes to `pointer`, nothing else.
    unsafe { asm!("sidt [{}]", in(reg) &raw mut pointer, options(nostack, preserves_flags)) };
    let count = (usize::from(pointer.limit) + 1) / size_of::<Gate>();
    (pointer.base as *mut Gate, count.min(GATES))
}
