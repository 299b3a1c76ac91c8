// SPDX-License-Identifier: MIT OR Apache-2.0
//! Whether what was copied is all there was.

/// Whether something had room where it went, or was cut off there.
///
/// The operations that return it have succeeded either way. `?;` alone would lose the difference, so the compiler asks
/// for it to be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "what was cut off is missing on the other side"]
pub enum Fit {
    /// All of it.
    Whole,
    /// What there was room for.
    CutOff,
}

impl Fit {
    /// Whether it is [`Whole`](Self::Whole).
    #[must_use]
    pub const fn is_whole(self) -> bool {
        matches!(self, Self::Whole)
    }
}
