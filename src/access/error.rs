// SPDX-License-Identifier: MIT OR Apache-2.0
//! The error of the typed API.

use core::fmt;

use crate::{
    access::{errno, range::UserRange, raw::Outcome},
    extable::cause::{Access, FaultKind},
    recovery::limit::user_limit,
};

/// An access to user memory that came to an end before its last byte.
///
/// Three words, `Copy`. Every byte before [`addr`](Self::addr) has been done, none from there on. That holds whatever
/// other CPUs do to the pages meanwhile; only, if they give back what they took away, the byte at `addr` may be
/// accessible again by the time the fault is looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fault {
    /// Bytes that were done: copied, filled, compared, looked at.
    pub done: usize,
    /// The user address of the first byte that was not: start + `done`.
    pub addr: usize,
    /// What was to be done to that byte.
    pub access: Access,
    /// Why it could not.
    pub kind: FaultKind,
}

impl Fault {
    /// A fault behind the first `done` bytes of an operation that began at user address `start`.
    ///
    /// For code above [`raw`](crate::raw), which gets the pieces and returns the whole.
    #[must_use]
    pub const fn new(start: usize, done: usize, access: Access, kind: FaultKind) -> Self {
        Self { done, addr: start.wrapping_add(done), access, kind }
    }

    /// The error number that a system call returns: EFAULT, on each machine.
    #[must_use]
    pub const fn errno(&self) -> i32 {
        errno::EFAULT
    }

    /// A range that was refused before any access.
    ///
    /// In place, so that it is made of registers: were it made in memory, a value that is returned beside it would go there
    /// too.
    #[inline(always)]
    pub(crate) fn out_of_range(addr: usize, access: Access) -> Self {
        Self::new(addr, 0, access, refusal())
    }

    /// [`out_of_range`](Self::out_of_range) by a call, for a batch: it has many places for it, and returns no value beside it.
    #[cold]
    #[inline(never)]
    pub(crate) fn refused(addr: usize, access: Access) -> Self {
        Self::out_of_range(addr, access)
    }

    /// [`UserRange::new`], with the refusal as a fault.
    #[inline(always)]
    pub(crate) fn range(start: usize, len: usize, access: Access) -> Result<UserRange, Self> {
        let Some(range) = UserRange::new(start, len) else { return Err(Self::out_of_range(start, access)) };
        Ok(range)
    }

    /// The verdict on an operation of `len` bytes at user address `start`.
    #[inline]
    pub(crate) fn check(outcome: Outcome, start: usize, len: usize, access: Access) -> Result<(), Self> {
        if outcome.left() == 0 {
            return Ok(());
        }
        Err(Self::stopped(outcome, start, len, access))
    }

    #[cold]
    fn stopped(outcome: Outcome, start: usize, len: usize, access: Access) -> Self {
        // A trap frame that restores the wrong register may leave any count: no safe code gets to see more than `len`.
        let done = len.saturating_sub(outcome.left());
        Self::new(start, done, access, outcome.kind())
    }

    /// The same fault, seen from a longer operation that had done `before` bytes already. (A step of the kernel's own may
    /// answer with any count.)
    pub(crate) const fn after(self, before: usize) -> Self {
        Self { done: before.saturating_add(self.done), ..self }
    }
}

/// Why a range was refused.
#[cold]
#[inline(never)]
fn refusal() -> FaultKind {
    if user_limit() == 0 { FaultKind::NotSetUp } else { FaultKind::OutOfRange }
}

impl fmt::Debug for Fault {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fault")
            .field("done", &self.done)
            .field("addr", &format_args!("{:#x}", self.addr))
            .field("access", &self.access)
            .field("kind", &self.kind)
            .finish()
    }
}

impl fmt::Display for Fault {
    // Five errors contain one: expanded in each, too, it is 0.9 KiB more.
    #[inline(never)]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let access = match self.access {
            Access::Read => "read",
            Access::Write => "write",
        };
        let Self { addr, done, kind, .. } = self;
        write!(f, "user {access} fault at {addr:#x} after {done} bytes ({kind:?})")?;
        if *kind == FaultKind::NotSetUp {
            f.write_str(": call `axptr::set_user_limit` at boot, in a process `axptr::hosted::install`")?;
        }
        Ok(())
    }
}

impl core::error::Error for Fault {}

errno::conversions!(Fault);

const _: () = assert!(size_of::<Fault>() == 3 * size_of::<usize>());
