// SPDX-License-Identifier: MIT OR Apache-2.0
//! The operation that `futex(2)` does on its second word (`FUTEX_WAKE_OP`).
//!
//! A program encodes the operation in 32 bits. It changes the word atomically, and compares the old value. A kernel
//! does it with the hash bucket locked. So it uses [`nofault`](crate::UserPtr::nofault), and makes the page present
//! before it takes the lock ([`fault_in`](crate::fault_in)).
//!
//! ```
//! # unsafe { axptr::hosted::install() }.unwrap();
//! # let page = unsafe { libc::mmap(core::ptr::null_mut(), 8192, 3, 0x22, -1, 0) }.addr();
//! # unsafe { libc::munmap(core::ptr::without_provenance_mut(page + 4096), 4096) };
//! use axptr::{UserPtr, futex::FutexOp};
//!
//! // FUTEX_OP(FUTEX_OP_ADD, -1, FUTEX_OP_CMP_GT, 1)
//! let op = FutexOp::decode(1 << 28 | 0xfff << 12 | 4 << 24 | 1).unwrap();
//! let word = UserPtr::<u32>::from(page).nofault().atomic();
//! word.store(2)?;
//! assert!(op.apply(word)?); // it was greater than 1
//! assert_eq!(word.load()?, 1);
//! assert!(!op.apply(word)?);
//! # Ok::<(), axptr::futex::FutexError>(())
//! ```

use core::fmt;

use crate::{
    access::{context::Context, errno},
    typed::atomic::{AtomicError, UserAtomic},
};

/// A decoded operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FutexOp {
    /// What the operation does to the word.
    pub action: Action,
    /// The operand of the action.
    pub operand: u32,
    /// How the old value, as a signed number, is compared; `None` for a comparison that does not exist.
    pub comparison: Option<Comparison>,
    /// The number that the old value is compared with.
    pub reference: i32,
}

/// What the operation does to the word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Sets the word to the operand.
    Set,
    /// Adds the operand, wrapping around.
    Add,
    /// Sets the operand's bits.
    Or,
    /// Clears the operand's bits.
    AndNot,
    /// Inverts the operand's bits.
    Xor,
}

/// How the old value is compared with the reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// Equal.
    Equal,
    /// Not equal.
    NotEqual,
    /// Less.
    Less,
    /// Less or equal.
    LessOrEqual,
    /// Greater.
    Greater,
    /// Greater or equal.
    GreaterOrEqual,
}

impl FutexOp {
    /// Decodes what a program passes. Returns `None` for an action that does not exist (ENOSYS).
    ///
    /// A comparison that does not exist is an error only after the action, as on Linux: [`apply`](Self::apply)
    /// returns it.
    ///
    /// The layout is that of `futex(2)`:
    ///
    /// - bits 0 to 11: the reference, signed;
    /// - bits 12 to 23: the operand, signed;
    /// - bits 24 to 27: the comparison;
    /// - bits 28 to 30: the action;
    /// - bit 31: set if the operand is the number of a bit. Its low 5 bits count.
    #[must_use]
    pub const fn decode(encoded: u32) -> Option<Self> {
        let action = match encoded >> 28 & 7 {
            0 => Action::Set,
            1 => Action::Add,
            2 => Action::Or,
            3 => Action::AndNot,
            4 => Action::Xor,
            _ => return None,
        };
        let comparison = match encoded >> 24 & 15 {
            0 => Some(Comparison::Equal),
            1 => Some(Comparison::NotEqual),
            2 => Some(Comparison::Less),
            3 => Some(Comparison::LessOrEqual),
            4 => Some(Comparison::Greater),
            5 => Some(Comparison::GreaterOrEqual),
            _ => None,
        };
        // Move the 12 bits to the top and back, so that they keep their sign.
        let argument = (encoded << 8) as i32 >> 20;
        let reference = (encoded << 20) as i32 >> 20;
        let operand = if encoded >> 31 == 0 { argument as u32 } else { 1 << (argument & 31) };
        Some(Self { action, operand, comparison, reference })
    }

    /// Does the action, and returns whether the comparison holds for the old value.
    ///
    /// # Errors
    ///
    /// Returns [`FutexError::Atomic`] if the action failed: see [`UserAtomic::swap`]. Returns
    /// [`FutexError::UnknownComparison`] if there is no such comparison; then the word has been changed.
    pub fn apply<C: Context>(self, word: UserAtomic<u32, C>) -> Result<bool, FutexError> {
        let before = match self.action {
            Action::Set => word.swap(self.operand),
            Action::Add => word.fetch_add(self.operand),
            Action::Or => word.fetch_or(self.operand),
            Action::AndNot => word.fetch_and_not(self.operand),
            Action::Xor => word.fetch_xor(self.operand),
        }?;
        let comparison = self.comparison.ok_or(FutexError::UnknownComparison)?;
        Ok(comparison.holds(before as i32, self.reference))
    }
}

/// Why an operation has no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FutexError {
    /// There is no such comparison. The action was done nevertheless, as on Linux.
    UnknownComparison,
    /// The action failed.
    Atomic(AtomicError),
}

impl fmt::Display for FutexError {
    // At most one place prints it, so inlining costs nothing.
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownComparison => {
                f.write_str("a futex operation names a comparison that does not exist")
            }
            Self::Atomic(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for FutexError {}

impl From<AtomicError> for FutexError {
    fn from(error: AtomicError) -> Self {
        Self::Atomic(error)
    }
}

impl FutexError {
    /// Returns the error number for a syscall.
    #[must_use]
    pub const fn errno(&self) -> i32 {
        match self {
            Self::UnknownComparison => errno::ENOSYS,
            Self::Atomic(error) => error.errno(),
        }
    }
}

errno::conversions!(FutexError);

impl Comparison {
    const fn holds(self, before: i32, reference: i32) -> bool {
        match self {
            Self::Equal => before == reference,
            Self::NotEqual => before != reference,
            Self::Less => before < reference,
            Self::LessOrEqual => before <= reference,
            Self::Greater => before > reference,
            Self::GreaterOrEqual => before >= reference,
        }
    }
}
