// SPDX-License-Identifier: MIT OR Apache-2.0
//! Counts the bytes of a string without a copy, on machines that have a routine for that.

use core::ptr;

use crate::{
    access::{context::Context, outcome::Outcome, range::UserRange},
    arch::{self, entry, raw},
    extable::cause::FaultKind,
    recovery::{flag, limit::user_limit},
};

/// How a string ended, or a piece of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// With its terminator.
    Terminated,
    /// With the last byte that was to be looked at.
    Full,
    /// Before a byte that could not be read.
    Fault(FaultKind),
}

impl End {
    /// How it ended if none of the `len` bytes was a terminator. If more were to be looked at, the user half ended.
    pub(crate) fn without_fault(len: usize, limit: usize) -> Self {
        if len >= limit {
            return Self::Full;
        }
        Self::Fault(if user_limit() == 0 { FaultKind::NotSetUp } else { FaultKind::OutOfRange })
    }
}

/// A count that met no terminator, as the routine's registers tell it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unended {
    /// How many bytes there were to look at.
    len: usize,
    registers: raw::Outcome,
}

impl Unended {
    const NOTHING: Self = Self { len: 0, registers: raw::Outcome { left: 0, cause: 0 } };

    /// The number of bytes that were counted, and why no more were, where the limit was `limit`.
    // Inlined, so that a library without such a routine has no code of it.
    #[inline]
    pub(crate) fn count(self, limit: usize) -> (usize, End) {
        if self.registers.cause == 0 {
            return (self.len, End::without_fault(self.len, limit));
        }
        // A trap frame that restores the wrong register may leave any count.
        let count = self.len.saturating_sub(self.registers.left);
        (count, End::Fault(Outcome::from(self.registers).kind()))
    }
}

/// Counts the bytes at `start` in front of the first 0, and looks at `limit` bytes at most.
///
/// Returns `None` if the machine has no such routine: then the string must be copied to find its end.
#[inline(always)]
pub(crate) fn count_string<C: Context>(start: usize, limit: usize) -> Option<Result<usize, Unended>> {
    let routines = arch::STRING_LENGTH?;
    let routine = if C::FLAGS & entry::NOFAULT == 0 { routines.normal } else { routines.nofault };
    // A short string may lie at the very end of the user half.
    let Some((confined, len)) = UserRange::confined_part(start, limit) else {
        return Some(Err(Unended::NOTHING));
    };
    let _accessing = flag::enter();
    // SAFETY: the bytes lie in the user half: each load is a user access, whose fault has a landing.
    let registers = unsafe { routine(ptr::with_exposed_provenance(confined), len) };
    let ended = registers.cause == 0 && registers.left != 0;
    Some(if ended { Ok(len.saturating_sub(registers.left)) } else { Err(Unended { len, registers }) })
}
