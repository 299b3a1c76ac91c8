// SPDX-License-Identifier: MIT OR Apache-2.0
//! The error of the typed API.

use core::fmt;

use axerrno::{AxError, LinuxError};

use crate::{
    cause::{Access, FaultKind},
    raw::Outcome,
};

/// An access to user memory that came to an end before its last byte.
///
/// Three words, `Copy`. Every byte before [`addr`](Self::addr) has been done, none from there on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fault {
    /// Bytes that were done.
    pub done: usize,
    /// The user address of the first byte that was not: start + `done`.
    pub addr: usize,
    /// What was to be done to that byte.
    pub access: Access,
    /// Why it could not.
    pub kind: FaultKind,
}

impl Fault {
    /// A range that was refused before any access.
    pub(crate) const fn out_of_range(addr: usize, access: Access) -> Self {
        Self { done: 0, addr, access, kind: FaultKind::OutOfRange }
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
        let done = len - outcome.left().min(len);
        Self { done, addr: start.wrapping_add(done), access, kind: outcome.kind() }
    }

    /// The same fault, seen from a longer operation that had done `before` bytes already.
    pub(crate) const fn after(self, before: usize) -> Self {
        Self { done: before + self.done, ..self }
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
        write!(f, "user {access} fault at {addr:#x} after {done} bytes ({kind:?})")
    }
}

impl core::error::Error for Fault {}

impl From<Fault> for LinuxError {
    fn from(_: Fault) -> Self {
        Self::EFAULT
    }
}

impl From<Fault> for AxError {
    fn from(_: Fault) -> Self {
        Self::BadAddress
    }
}

const _: () = assert!(size_of::<Fault>() == 3 * size_of::<usize>());
