// SPDX-License-Identifier: MIT OR Apache-2.0
//! Trap handlers as they must not be, one defect each. `axptr::trap::selftest` has to name it.

use core::sync::atomic::{AtomicUsize, Ordering};

use axptr::{
    Access, FaultKind,
    trap::{Operands, OwnFault, Recovery, Report, TrapFrame as _, recover},
};

use crate::{
    arch::frame::{INTERRUPTS, SPARE, STATUS, WINDOW},
    fault,
    frame::{Frame, word},
    line::TrapFrame,
    space::PAGE,
};

/// What is wrong with a handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Defect {
    /// The cause goes into another register.
    WrongRegister,
    /// The cause goes nowhere. This is no defect: kinds are unknown, counts are exact.
    NoCause,
    /// A register is not restored.
    Clobbers,
    /// The frame's copy of the pc is changed, and not the pc.
    ForgetsPc,
    /// The window comes back closed if it was open, and open if it was closed.
    Window,
    /// Interrupts come back on if they were off, and off if they were on.
    Interrupts,
    /// A read is taken for a write.
    WrongAccess,
    /// An absent page is taken for damaged memory.
    WrongKind,
    /// The address is that of the next page.
    WrongAddress,
    /// The cause's register is not restored: it comes back with the cause of the fault before.
    LosesCause,
    /// The window comes back changed from a fault of the kernel's own.
    WindowOfOwnFault,
}

/// All but those that end in a panic.
const ALL: &[Defect] = &[
    Defect::WrongRegister,
    Defect::NoCause,
    Defect::Clobbers,
    Defect::ForgetsPc,
    Defect::Window,
    Defect::Interrupts,
    Defect::WrongAccess,
    Defect::WrongKind,
    Defect::WrongAddress,
    Defect::LosesCause,
    Defect::WindowOfOwnFault,
];

/// The last cause that was told.
static LAST_CAUSE: AtomicUsize = AtomicUsize::new(0);

/// The defect of the handler, as its place in [`ALL`] plus 1.
static DEFECT: AtomicUsize = AtomicUsize::new(0);

/// The defect that the handler has now.
pub fn defect() -> Option<Defect> {
    ALL.get(DEFECT.load(Ordering::Relaxed).wrapping_sub(1)).copied()
}

/// Calls `f` with a handler that has the defect.
pub fn with<R>(defect: Defect, f: impl FnOnce() -> R) -> R {
    let place = ALL.iter().position(|known| *known == defect).map_or(0, |place| place + 1);
    DEFECT.store(place, Ordering::Relaxed);
    let result = f();
    DEFECT.store(0, Ordering::Relaxed);
    result
}

/// What the handler does then.
pub fn handle(frame: &mut TrapFrame, report: Report, defect: Defect) -> bool {
    let report = match defect {
        Defect::WrongAccess => Report { access: report.access.map(other), ..report },
        Defect::WrongKind => Report { kind: FaultKind::Poison, ..report },
        Defect::WrongAddress => Report { addr: report.addr.map(|addr| addr + PAGE), ..report },
        _ => report,
    };
    let mut broken = Broken { frame: Frame(frame), defect };
    if recover(&mut broken, report, fault::pager) == Recovery::NotOurs {
        let stepped_over = OwnFault::step_over(&mut broken.frame);
        if defect == Defect::WindowOfOwnFault {
            *word(frame, STATUS) ^= WINDOW;
        }
        return stepped_over;
    }
    match defect {
        Defect::Clobbers => *word(frame, SPARE) ^= 0x10,
        Defect::Window => *word(frame, STATUS) ^= WINDOW,
        Defect::Interrupts => *word(frame, STATUS) ^= INTERRUPTS,
        Defect::LosesCause => Frame(frame).set_cause(LAST_CAUSE.load(Ordering::Relaxed)),
        _ => {}
    }
    true
}

fn other(access: Access) -> Access {
    match access {
        Access::Read => Access::Write,
        Access::Write => Access::Read,
    }
}

/// A frame that does not do what it says.
struct Broken<'a> {
    frame: Frame<'a>,
    defect: Defect,
}

// SAFETY: (1) to (4) do not hold: the self test must find that out.
unsafe impl axptr::trap::TrapFrame for Broken<'_> {
    fn pc(&self) -> usize {
        self.frame.pc()
    }

    fn set_pc(&mut self, pc: usize) {
        if self.defect != Defect::ForgetsPc {
            self.frame.set_pc(pc);
        }
    }

    fn set_cause(&mut self, value: usize) {
        match self.defect {
            Defect::NoCause | Defect::ForgetsPc => {}
            Defect::LosesCause => LAST_CAUSE.store(value, Ordering::Relaxed),
            Defect::WrongRegister => *word(self.frame.0, SPARE) = value,
            _ => self.frame.set_cause(value),
        }
    }

    fn operands(&self) -> Option<Operands> {
        self.frame.operands()
    }
}
