// SPDX-License-Identifier: MIT OR Apache-2.0
//! The self test of a trap handler: takes faults, and looks at what the handler has made of them.

use core::{hint::black_box, mem, ptr};

use super::{handler_error::HandlerError, limit::user_limit, repeats};
use crate::{
    arch::{
        self, confine,
        entry::{INLINED, NOFAULT, READ},
        inline,
        operation::{Gets, Operation},
        raw::{self, Outcome},
        rehearse::{self, CAUSE, COUNT, END, NAMES, OPERATIONS, Registers},
        shape::{InlineFlags, UNTOLD, order, rmw_op},
        window,
    },
    extable::cause::{Access, Cause, FaultKind},
};

/// What a fault of this kernel tells, as [`selftest`] has found it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// The kind of the fault: the trap handler sets the cause's register.
    Kinds,
    /// Nothing: each fault is of the kind [`Unknown`](FaultKind::Unknown). The trap handler cannot set the register, or
    /// does not report the kind. Counts are exact all the same.
    Nothing,
}

/// An access in kernel mode that has no entry in the exception table: its fault is the kernel's own. See [`selftest`].
#[derive(Debug)]
#[must_use = "nothing faults until it is raised"]
pub struct OwnFault {
    addr: usize,
}

impl OwnFault {
    /// Makes the access, and returns whether the kernel's own handler has stepped over it.
    #[inline]
    pub fn raise(self) -> bool {
        // SAFETY: a load of one byte; nothing is mapped there, and the kernel's handler steps over it. Which of two places
        // it goes on at says so, and no variable: other CPUs may raise theirs at the same time.
        unsafe { raw::unlisted(self.addr) != 0 }
    }

    /// Where execution goes on behind the access at `pc`, if that is it.
    #[inline]
    pub(super) fn step(pc: usize) -> Option<usize> {
        let is_it = pc == (&raw const raw::UNLISTED_INSN).addr();
        is_it.then(|| (&raw const raw::UNLISTED_STEPPED_OVER).addr())
    }
}

/// Takes faults in kernel mode, and checks what the kernel's trap handler makes of them.
///
/// [`axptr::selftest`](crate::selftest()) checks what the linker did, and raises no fault. This one checks the trap handler,
/// on the CPU that calls it. Call it at boot, behind `axptr::selftest`, on each CPU:
///
/// ```no_run
/// use axptr::trap::{self, OwnFault, Told};
/// # struct Frame { pc: usize, from_user_mode: bool }
/// # fn page_fault(_: &mut Frame, _: usize) {}
///
/// // One line in the kernel's own handler, where it would panic for a fault in kernel mode:
/// //     Recovery::NotOurs if OwnFault::step_over(frame) => return,
///
/// /// Hands the kernel's handler a fault of user mode, and returns where the program would go on.
/// fn user_fault(pc: usize) -> usize {
///     let mut frame = Frame { pc, from_user_mode: true };
///     page_fault(&mut frame, 0x1000);
///     frame.pc
/// }
///
/// // No program is there yet, so nothing is mapped at 0x1000.
/// match trap::selftest(0x1000, OwnFault::raise, user_fault) {
///     Ok(told) => assert_eq!(told, Told::Kinds, "`set_cause` sets nothing, or the report has no kind"),
///     Err(error) => panic!("axptr: {error}"),
/// }
/// ```
///
/// `unmapped` is an address of the user half with a page at which nothing is mapped, and for which the pager says no. The
/// test loads from it, stores to it, by single instructions, by a string instruction (x86_64), by a routine, by an
/// inlined access, by an atomic and in a no-fault form, with the window open and with it closed (riscv64: open only, as a
/// closed window looks like an absent page there). All registers have known values meanwhile, and [`recover`](super::trap::recover)
/// leaves other values in those that the handler may not have saved. #GP of x86_64 is not raised: no address of the user half
/// raises it.
///
/// `own_fault` raises a fault that is none of this crate's, and returns whether the kernel's own handler has got it. That is
/// [`OwnFault::raise`]. A kernel whose handler cannot set the pc makes some other access that its handler repairs, such as
/// one to lazy memory of its own, and returns whether it did.
///
/// `user_fault` gets the pc of a load that is in the table. It makes the kernel handle a page fault *of user mode*, of a read,
/// with that pc, and returns the pc at which the program would go on; the pc that it was given if the kernel would end the
/// program. A program reaches such a pc by a jump to it. A kernel that cannot make such a fault at boot returns its
/// argument: then this is not tested.
///
/// A kernel whose handler searches a table of its own and sets the pc only, as ax-cpu's does (feature `ax-cpu`), has no place for
/// `step_over`: it passes `|_| true` and `|pc| pc`, which tests neither, and gets [`Told::Nothing`].
///
/// Call it with interrupts on, if that is possible by then: with interrupts off, it cannot see a handler that loses their
/// state.
///
/// What it does not test: faults of other kinds than an absent page (on x86_64 #GP and #SS need handlers, too), a pager that
/// says yes, floating-point and vector registers, and a report's `window_closed`.
///
/// A kernel without a handler panics at the first fault, as for any bug of its own. A handler that resumes the instruction
/// again and again, because it loses the pc or because its pager says yes and maps nothing, ends in a panic that says so.
///
/// # Errors
///
/// The first defect that it finds. [`HandlerError`] names the remedy of each.
#[inline]
pub fn selftest(
    unmapped: usize,
    own_fault: impl FnOnce(OwnFault) -> bool,
    user_fault: impl FnOnce(usize) -> usize,
) -> Result<Told, HandlerError> {
    let addr = confine(unmapped, LEN, user_limit());
    if addr != unmapped || unmapped.checked_add(LEN).is_none_or(|end| end > user_limit()) {
        return Err(HandlerError::NotUserMemory { addr: unmapped, limit: user_limit() });
    }
    let window_was_open = window::close();
    let result = take_all(addr, own_fault, user_fault);
    if window_was_open {
        window::reopen();
    }
    result
}

/// How many bytes the accesses are about.
const LEN: usize = 64;

/// The inlined accesses.
#[derive(Clone, Copy)]
struct Normal;
impl InlineFlags for Normal {
    const FLAGS: u16 = INLINED;
}

/// The inlined accesses that never ask the pager.
#[derive(Clone, Copy)]
struct NoFault;
impl InlineFlags for NoFault {
    const FLAGS: u16 = INLINED | NOFAULT;
}

#[inline]
fn take_all(
    addr: usize,
    own_fault: impl FnOnce(OwnFault) -> bool,
    user_fault: impl FnOnce(usize) -> usize,
) -> Result<Told, HandlerError> {
    repeats::landed();
    let mut told = Told::Kinds;
    // Open first: if the page is there after all, the access succeeds. With the window closed it would be the kernel's bug.
    for open in [true, false] {
        for (number, operation) in OPERATIONS.iter().enumerate() {
            if can_be_taken(open) {
                told = told.and(registers(number, operation, addr, open)?);
            }
        }
    }
    told = told.and(routines(addr)?).and(inlined(addr)?);
    let around = Around::now();
    let is_seen = own_fault(OwnFault { addr });
    around.compare(false)?;
    if !is_seen {
        return Err(HandlerError::OwnFaultLost);
    }
    let (pc, landing) = ((&raw const raw::SENTINEL).addr(), (&raw const raw::SENTINEL_LANDING).addr());
    if user_fault(pc) == landing {
        return Err(HandlerError::UserFaultTaken);
    }
    Ok(told)
}

/// Whether an access in this state of the window finds its landing: one with the window closed, on a machine that does
/// not tell an absent page from a closed window, is a bug of the kernel.
#[inline]
fn can_be_taken(open: bool) -> bool {
    if open { window::exists() } else { arch::TELLS_ABSENT_PAGES || !window::exists() }
}

impl Told {
    #[inline]
    fn and(self, other: Self) -> Self {
        if self == other { self } else { Self::Nothing }
    }
}

/// One fault with known registers.
#[inline]
fn registers(number: usize, operation: &Operation, addr: usize, open: bool) -> Result<Told, HandlerError> {
    /// A value for each register, in which each byte is its number plus 1: a lost register is often 0.
    const STEP: usize = 0x0101_0101_0101_0101;
    const BYTES: usize = 16;
    let mut kernel = [0xa5_u8; BYTES];
    let mut before: Registers = [0; COUNT];
    for (number, value) in before.iter_mut().enumerate() {
        *value = (number + 1) * STEP;
    }
    before[CAUSE] = UNTOLD;
    before[operation.user] = addr;
    if let Some((pointer, count)) = operation.copy {
        before[pointer] = kernel.as_mut_ptr().expose_provenance();
        before[count] = BYTES;
    }
    let mut after = before;
    let around = Around::now();
    if open {
        window::reopen();
    }
    // SAFETY: (1) an address of the user half, and for a copy a buffer of as many bytes.
    unsafe { rehearse::fault(number, &mut after) };
    around.compare(open)?;
    let access = if operation.access == READ { Access::Read } else { Access::Write };
    if after[END] != 0 {
        return Err(HandlerError::Accessible { addr });
    }
    let told = Cause::from_register(after[CAUSE]);
    let changed = (0..COUNT).find(|&at| !NAMES[at].is_empty() && at != CAUSE && after[at] != before[at]);
    match changed {
        Some(at) if told.to_register() == UNTOLD && is_cause(after[at], access) => {
            Err(HandlerError::WrongRegister { register: NAMES[at] })
        }
        Some(at) => Err(HandlerError::Clobbered { register: NAMES[at] }),
        None if mem::replace(black_box(&mut kernel), [0; BYTES]) != [0xa5; BYTES] => {
            Err(HandlerError::Accessible { addr })
        }
        None => match operation.gets {
            Gets::Cause => judge(told, access),
            Gets::Nothing if after[CAUSE] == UNTOLD => Ok(Told::Kinds),
            Gets::Nothing => Err(HandlerError::Clobbered { register: NAMES[CAUSE] }),
            // A handler that cannot set the register cannot say.
            Gets::Address if after[CAUSE] == UNTOLD || after[CAUSE] / PAGE == addr / PAGE => Ok(Told::Kinds),
            Gets::Address => Err(HandlerError::WrongAddress { told: after[CAUSE], made: addr }),
        },
    }
}

const PAGE: usize = 4096;

/// Whether a register's value can only be the cause of an access.
#[inline]
fn is_cause(value: usize, access: Access) -> bool {
    value != UNTOLD
        && Cause::from_register(value).is_whole()
        && Cause::from_register(value).access() == Some(access)
}

/// Faults of the routines, without the pager and with it.
#[inline]
fn routines(addr: usize) -> Result<Told, HandlerError> {
    let mut kernel = [0_u8; LEN];
    let kernel = kernel.as_mut_ptr();
    let mut told = Told::Kinds;
    // SAFETY: (all) an array of as many bytes; the address is masked, and so one of the user half.
    told =
        told.and(outcome(Access::Read, || unsafe { raw::__axptr_copy_from_user(kernel, user(addr), LEN) })?);
    // SAFETY: as above.
    let nofault = || unsafe { raw::__axptr_copy_from_user_nofault(kernel, user(addr), LEN) };
    told = told.and(outcome(Access::Read, nofault)?);
    // SAFETY: as above.
    told = told.and(outcome(Access::Read, || unsafe { raw::__axptr_copy_string(kernel, user(addr), LEN) })?);
    // SAFETY: as above.
    told =
        told.and(outcome(Access::Write, || unsafe { raw::__axptr_copy_to_user(user(addr), kernel, LEN) })?);
    // SAFETY: as above.
    told = told.and(outcome(Access::Write, || unsafe { raw::__axptr_fill_user(user(addr), 0, LEN) })?);
    Ok(told)
}

/// The address again, out of the mask at the place of its use.
#[inline(always)]
fn masked(addr: usize) -> usize {
    confine(addr, LEN, user_limit())
}

/// The same as a pointer.
#[inline(always)]
fn user(addr: usize) -> *mut u8 {
    ptr::with_exposed_provenance_mut(masked(addr))
}

/// A routine's fault: nothing may be done.
#[inline]
fn outcome(access: Access, routine: impl FnOnce() -> Outcome) -> Result<Told, HandlerError> {
    let around = Around::now();
    let Outcome { left, cause } = routine();
    around.compare(false)?;
    if left != LEN {
        return Err(HandlerError::WrongCount { access, left, of: LEN });
    }
    judge(Cause::from_register(if cause == 0 { UNTOLD } else { cause }), access)
}

/// Faults of accesses that the compiler inlines.
#[inline]
fn inlined(addr: usize) -> Result<Told, HandlerError> {
    let mut told = Told::Kinds;
    // SAFETY: (all) (1) the address is masked, and so one of the user half; `status` opens the window.
    told = told.and(status(addr, Access::Read, |addr| unsafe { inline::load::<8, Normal>(addr) }.1)?);
    // SAFETY: as above.
    told = told.and(status(addr, Access::Read, |addr| unsafe { inline::load::<1, NoFault>(addr) }.1)?);
    // SAFETY: as above.
    told = told.and(status(addr & !7, Access::Write, |addr| unsafe { inline::store::<4, Normal>(addr, 0) })?);
    // Which of its instructions faults, and so the access, is the machine's business.
    let either = atomic(addr & !7)?;
    told = told.and(judge(either, either.access().unwrap_or(Access::Write))?);
    Ok(told)
}

/// An inlined access's fault, by its status.
#[inline(always)]
fn status(addr: usize, access: Access, inlined: impl FnOnce(usize) -> usize) -> Result<Told, HandlerError> {
    let around = Around::now();
    let start = masked(addr);
    let window = inline::open_window();
    let status = inlined(start);
    inline::close_window(window);
    around.compare(false)?;
    if status == 0 {
        return Err(HandlerError::Accessible { addr });
    }
    judge(Cause::from_register(status), access)
}

/// An atomic's fault.
#[inline(always)]
fn atomic(addr: usize) -> Result<Cause, HandlerError> {
    let around = Around::now();
    let start = masked(addr);
    let window = inline::open_window();
    // SAFETY: (1) the address is aligned, and masked, and so one of the user half; the window is open.
    let (_, status) = unsafe { inline::rmw::<4, { rmw_op::ADD }, { order::BOTH }, Normal>(start, 0) };
    inline::close_window(window);
    around.compare(false)?;
    if status == 0 { Err(HandlerError::Accessible { addr }) } else { Ok(Cause::from_register(status)) }
}

/// What a landing was told.
#[inline]
fn judge(cause: Cause, access: Access) -> Result<Told, HandlerError> {
    if cause.to_register() == UNTOLD {
        return Ok(Told::Nothing);
    }
    if !cause.is_whole() {
        return Err(HandlerError::Clobbered { register: arch::CAUSE_REGISTER });
    }
    match (cause.access(), cause.kind()) {
        (Some(told), _) if told != access => Err(HandlerError::WrongAccess { made: access }),
        (_, FaultKind::NotPresent) => Ok(Told::Kinds),
        (_, FaultKind::Unknown) => Ok(Told::Nothing),
        (_, told) => Err(HandlerError::WrongKind { told }),
    }
}

/// What a handler has to leave as it was.
struct Around {
    interrupts_on: bool,
}

impl Around {
    #[inline]
    fn now() -> Self {
        Self { interrupts_on: rehearse::interrupts_on() }
    }

    /// Compares, closes the window, and lets the next instruction fault again.
    #[inline]
    fn compare(self, was_open: bool) -> Result<(), HandlerError> {
        repeats::landed();
        let is_open = window::close();
        if is_open != was_open {
            return Err(HandlerError::Window { was_open });
        }
        if rehearse::interrupts_on() != self.interrupts_on {
            return Err(HandlerError::Interrupts { were_on: self.interrupts_on });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_taken_for_a_cause_only_if_it_can_be_nothing_else() {
        let whole = Cause::new(Some(Access::Read), FaultKind::NotPresent).to_register();
        assert!(is_cause(whole, Access::Read));
        // The low bits say a read, too, but no cause is without the bit above them.
        for value in [UNTOLD, whole ^ 1 << 16, whole | 1 << 17] {
            assert!(!is_cause(value, Access::Read), "{value:#x}");
        }
        assert!(!is_cause(whole, Access::Write));
    }
}
