// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a routine answers.

use crate::{
    arch::raw,
    extable::cause::{Access, Cause, FaultKind},
};

/// How far an operation came, and what stopped it.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct Outcome {
    left: usize,
    cause: Cause,
}

impl Outcome {
    pub(crate) const fn new(left: usize, cause: Cause) -> Self {
        Self { left, cause }
    }

    /// Returns the number of bytes that were *not* done: 0 is success.
    #[inline]
    pub const fn left(&self) -> usize {
        self.left
    }

    /// Returns what stopped the operation. This has no meaning if no byte is left.
    #[inline]
    pub const fn kind(&self) -> FaultKind {
        self.cause.kind()
    }

    /// Returns whether a read or a write failed, if the trap handler or the instruction told it.
    #[inline]
    pub const fn access(&self) -> Option<Access> {
        self.cause.access()
    }

    /// Returns the same outcome of a longer operation, of which `more` bytes are left as well.
    pub(crate) const fn and_left(self, more: usize) -> Self {
        Self { left: self.left.saturating_add(more), ..self }
    }
}

impl From<raw::Outcome> for Outcome {
    #[inline]
    fn from(registers: raw::Outcome) -> Self {
        Self { left: registers.left, cause: Cause::from_register(registers.cause) }
    }
}
