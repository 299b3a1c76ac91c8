// SPDX-License-Identifier: MIT OR Apache-2.0
//! `axptr::trap::selftest`: a right handler passes, a wrong one is named.

use alloc::string::String;

use axptr::{
    Access, FaultKind,
    extable::Landing,
    trap::{self, HandlerError, OwnFault, Report, Told, TrapFrame, selftest},
};

use crate::{
    arch::{Features, frame::SPARE_NAME, window},
    broken::{self, Defect},
    ensure, fault,
    line::asm::{disable_irqs, enable_irqs, irqs_enabled},
    pte,
    space::{HOLE, KERNEL_LAZY, KERNEL_ONLY, LAZY, PAGE, RO, RW},
};

/// Faults that the cases behind the vector have the kernel's own handler repair.
pub fn faults() -> usize {
    if fault::in_ax_cpu() { 0 } else { 2 }
}

/// Each fault here lands, and is the last one of its instruction.
pub fn a_right_handler_passes() -> Result<(), String> {
    for addr in [HOLE.start(), HOLE.start() + 4000] {
        let told = selftest(addr, in_lazy_memory, |pc| pc);
        ensure!(told == Ok(Told::Kinds), "{addr:#x}: {told:?}");
    }
    Ok(())
}

/// For CPUs with a window.
/// Out of line: the audit follows what accesses user memory, and the window that a caller has opened is its own.
#[inline(never)]
fn run() -> Result<Told, HandlerError> {
    selftest(HOLE.start(), |_| true, |pc| pc)
}

pub fn the_callers_window_stays_as_it_was() -> Result<(), String> {
    let (told, still_open) = window::during(run);
    ensure!(told == Ok(Told::Kinds) && still_open, "open: {told:?}, still open: {still_open}");
    let told = run();
    ensure!(told == Ok(Told::Kinds) && !window::is_open(), "closed: {told:?}");
    Ok(())
}

pub fn the_callers_interrupts_stay_off() -> Result<(), String> {
    disable_irqs();
    let told = selftest(HOLE.start(), |_| true, |pc| pc);
    let are_on = irqs_enabled();
    enable_irqs();
    ensure!(told == Ok(Told::Kinds) && !are_on, "{told:?}, on: {are_on}");
    Ok(())
}

/// The same where the kernel's own handler can be told where to go on.
pub fn a_right_handler_of_the_kernels_own_passes() -> Result<(), String> {
    let told = selftest(HOLE.start(), OwnFault::raise, |pc| pc);
    ensure!(told == Ok(Told::Kinds), "{told:?}");
    Ok(())
}

pub fn an_address_that_will_not_do_is_refused() -> Result<(), String> {
    LAZY.renew();
    let limit = axptr::user_limit();
    for (addr, expected) in [
        (RW.start(), HandlerError::Accessible { addr: RW.start() }),
        (LAZY.start(), HandlerError::Accessible { addr: LAZY.start() }),
        (limit, HandlerError::NotUserMemory { addr: limit, limit }),
        (usize::MAX, HandlerError::NotUserMemory { addr: usize::MAX, limit }),
    ] {
        let told = selftest(addr, |_| true, |pc| pc);
        ensure!(told == Err(expected), "{addr:#x}: {told:?}");
    }
    // Loads succeed, so no store was tried.
    ensure!(
        selftest(RO.start(), |_| true, |pc| pc) == Err(HandlerError::Accessible { addr: RO.start() }),
        "read-only"
    );
    Ok(())
}

pub fn what_the_kernel_says_of_other_faults_counts() -> Result<(), String> {
    let lost = selftest(HOLE.start(), |_| false, |pc| pc);
    ensure!(lost == Err(HandlerError::OwnFaultLost), "{lost:?}");
    let taken = selftest(HOLE.start(), |_| true, without_a_look_at_the_mode);
    ensure!(taken == Err(HandlerError::UserFaultTaken), "{taken:?}");
    Ok(())
}

/// The page comes in front of the access, which says so: nobody has had to step over it.
pub fn an_own_fault_that_does_not_happen_is_seen() -> Result<(), String> {
    let addr = KERNEL_ONLY.start();
    let gone = pte::change(addr, |_| 0);
    let told = selftest(
        addr,
        |own| {
            drop(gone);
            own.raise()
        },
        |pc| pc,
    );
    ensure!(told == Err(HandlerError::OwnFaultLost), "{told:?}");
    Ok(())
}

/// In both directions.
pub fn an_own_fault_that_changes_the_interrupts_is_named() -> Result<(), String> {
    for were_on in [true, false] {
        if !were_on {
            disable_irqs();
        }
        let changes = |_| {
            if were_on {
                disable_irqs()
            } else {
                enable_irqs()
            }
            true
        };
        let told = selftest(HOLE.start(), changes, |pc| pc);
        enable_irqs();
        ensure!(told == Err(HandlerError::Interrupts { were_on }), "{were_on}: {told:?}");
    }
    Ok(())
}

/// What each defect is called.
pub fn a_wrong_handler_is_named() -> Result<(), String> {
    use HandlerError::{Clobbered, Interrupts, Window, WrongAccess, WrongAddress, WrongKind, WrongRegister};
    let (hole, has_window) = (HOLE.start(), Features::of_this_cpu().window);
    for defect in [
        Defect::WrongRegister,
        Defect::NoCause,
        Defect::Clobbers,
        Defect::Window,
        Defect::Interrupts,
        Defect::WrongAccess,
        Defect::WrongKind,
        Defect::WrongAddress,
        Defect::LosesCause,
        Defect::WindowOfOwnFault,
    ] {
        let told = broken::with(defect, || selftest(hole, OwnFault::raise, |pc| pc));
        let right = match defect {
            Defect::WrongRegister => {
                matches!(told, Err(WrongRegister { register }) if register == SPARE_NAME)
            }
            Defect::NoCause => told == Ok(Told::Nothing),
            Defect::Clobbers => matches!(told, Err(Clobbered { register }) if register == SPARE_NAME),
            Defect::Window if has_window => matches!(told, Err(Window { .. })),
            Defect::WindowOfOwnFault if has_window => told == Err(Window { was_open: false }),
            Defect::Window | Defect::WindowOfOwnFault => told == Ok(Told::Kinds),
            Defect::Interrupts => told == Err(Interrupts { were_on: true }),
            Defect::WrongAccess => told == Err(WrongAccess { made: Access::Read }),
            Defect::WrongKind => told == Err(WrongKind { told: FaultKind::Poison }),
            Defect::WrongAddress => told == Err(WrongAddress { told: hole + PAGE, made: hole }),
            Defect::LosesCause => {
                matches!(told, Err(Clobbered { register }) if register.ends_with(Landing::REGISTER))
            }
            Defect::ForgetsPc => false,
        };
        // The handler's defect may have left something behind.
        enable_irqs();
        ensure!(right, "{defect:?}: {told:?}");
    }
    a_right_handler_of_the_kernels_own_passes()
}

/// The kernel's own fault: in its lazy memory, which its own handler pages in.
fn in_lazy_memory(_: OwnFault) -> bool {
    KERNEL_LAZY.renew();
    let before = fault::passed_on();
    // SAFETY: the kernel's own lazy memory.
    let byte = unsafe { (KERNEL_LAZY.start() as *const u8).read_volatile() };
    byte == 0 && fault::passed_on() == before + 1
}

/// What a kernel does that does not look at the mode of a fault.
fn without_a_look_at_the_mode(pc: usize) -> usize {
    let mut frame = Pc(pc);
    let report = Report {
        access: Some(Access::Read),
        kind: FaultKind::NotPresent,
        addr: Some(pc),
        ..Report::default()
    };
    let _ = trap::recover(&mut frame, report, |_, _| false);
    frame.0
}

struct Pc(usize);

// SAFETY: (1) to (4) nobody resumes it.
unsafe impl TrapFrame for Pc {
    fn pc(&self) -> usize {
        self.0
    }

    fn set_pc(&mut self, pc: usize) {
        self.0 = pc;
    }

    fn set_cause(&mut self, _: usize) {}
}
