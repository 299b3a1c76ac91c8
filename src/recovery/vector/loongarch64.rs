// SPDX-License-Identifier: MIT OR Apache-2.0
//! The exception entry, and the frame that the vector builds.

use core::{
    arch::{asm, global_asm},
    sync::atomic::{AtomicUsize, Ordering},
};

use super::{
    error::InstallError,
    fault::{self, InterruptState},
};
use crate::recovery::trap::{Report, TrapFrame};

// Control and status registers (Reference Manual vol. 1, chapter 7).
const CRMD: usize = 0x0;
const ECFG: usize = 0x4;
const EENTRY: usize = 0xc;

/// CRMD.IE and PRMD.PIE.
const INTERRUPTS_ON: usize = 1 << 2;

/// The kernel's former exception entry. `asm/loongarch64/vector.S` jumps to it.
static FORMER: AtomicUsize = AtomicUsize::new(0);

global_asm!(
    include_str!("../../../asm/loongarch64/vector.S"),
    frame_size = const size_of::<Frame>(),
    on_fault = sym on_fault,
    former = sym FORMER,
);

unsafe extern "C" {
    #[link_name = "__axptr_vector"]
    static VECTOR: u8;
}

/// The function that `asm/loongarch64/vector.S` calls.
extern "C" fn on_fault(frame: &mut Frame) -> bool {
    fault::decide(frame, frame.report(), frame.interrupts())
}

/// The stack as `asm/loongarch64/vector.S` leaves it.
#[derive(Debug)]
#[repr(C, align(16))]
struct Frame {
    badv: usize,
    estat: usize,
    era: usize,
    prmd: usize,
    ra: usize,
    a: [usize; 8],
    t: [usize; 9],
}

impl Frame {
    /// What the machine reported; `None` if the fault is no data access.
    fn report(&self) -> Option<Report> {
        Report::loongarch64(self.estat, self.badv)
    }

    /// Whether interrupts were on at the fault.
    fn interrupts(&self) -> Interrupts {
        Interrupts { on: self.prmd & INTERRUPTS_ON != 0 }
    }
}

// SAFETY: (1) to (4) These are the registers that the vector saves and restores. The cause goes into
// `Landing::REGISTER`.
unsafe impl TrapFrame for Frame {
    fn pc(&self) -> usize {
        self.era
    }

    fn set_pc(&mut self, pc: usize) {
        self.era = pc;
    }

    fn set_cause(&mut self, value: usize) {
        let [_, a1, ..] = &mut self.a;
        *a1 = value;
    }
}

/// The interrupt state of the interrupted code, which the exception cleared.
#[derive(Clone, Copy, Debug)]
struct Interrupts {
    on: bool,
}

impl InterruptState for Interrupts {
    fn during<R>(self, f: impl FnOnce() -> R) -> R {
        if self.on {
            set_interrupts(INTERRUPTS_ON);
        }
        let result = f();
        set_interrupts(0);
        result
    }
}

/// Sets CRMD.IE.
fn set_interrupts(state: usize) {
    // SAFETY: on: the interrupted code ran with interrupts on, on this stack. Off: the state in which the exception
    // entered us.
    unsafe {
        asm!(
            "csrxchg {state}, {mask}, {CRMD}",
            state = inout(reg) state => _,
            mask = in(reg) INTERRUPTS_ON,
            CRMD = const CRMD,
            options(nostack),
        );
    }
}

/// Whether this CPU's exception entry is our vector.
pub(super) fn is_in_front() -> bool {
    current_entry() == (&raw const VECTOR).addr()
}

/// This CPU's exception entry.
fn current_entry() -> usize {
    let entry: usize;
    // SAFETY: reads a register, in kernel mode.
    unsafe { asm!("csrrd {}, {EENTRY}", out(reg) entry, EENTRY = const EENTRY, options(nomem, nostack)) };
    entry
}

/// Makes this CPU's exception entry point to our vector. Calls `ready` first, if nothing refuses it.
///
/// # Safety
///
/// As [`super::install`].
pub(super) unsafe fn put_in_front(ready: impl FnOnce()) -> Result<(), InstallError> {
    const SPACING: usize = 0x7_0000;

    let ours = (&raw const VECTOR).addr();
    let former = current_entry();
    let config: usize;
    // SAFETY: reads a register, in kernel mode.
    unsafe { asm!("csrrd {}, {ECFG}", out(reg) config, ECFG = const ECFG, options(nomem, nostack)) };
    if former == ours {
        ready();
        return Ok(());
    }
    // With a distance between entries, each exception has its own handler. Then there is no single handler to pass on
    // to.
    if former == 0 || config & SPACING != 0 {
        return Err(InstallError::NoHandler);
    }
    match FORMER.compare_exchange(0, former, Ordering::AcqRel, Ordering::Acquire) {
        Err(known) if known != former => return Err(InstallError::OtherHandler),
        _ => {}
    }
    ready();
    // SAFETY: (2) our vector passes everything else on to the former entry.
    unsafe { asm!("csrwr {}, {EENTRY}", inout(reg) ours => _, EENTRY = const EENTRY, options(nostack)) };
    Ok(())
}
