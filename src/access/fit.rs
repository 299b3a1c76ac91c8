// SPDX-License-Identifier: MIT OR Apache-2.0
//! Tells whether a copy was cut off.

/// Whether the data fitted into the room for it, or was cut off.
///
/// An operation that returns it has succeeded in both cases. A bare `?;` would lose the difference, so the compiler
/// warns if nothing looks at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "what was cut off is missing on the other side"]
pub enum Fit {
    /// Nothing was lost.
    Whole,
    /// Only a part fitted. The rest is lost.
    CutOff,
}

impl Fit {
    /// Returns whether this is [`Whole`](Self::Whole).
    #[must_use]
    pub const fn is_whole(self) -> bool {
        matches!(self, Self::Whole)
    }
}
