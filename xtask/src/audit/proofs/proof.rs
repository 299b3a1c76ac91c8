// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is proved, and what is found not to be so.

use std::fmt;

use crate::audit::linked::binary::Binary;

/// What is proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Proof {
    /// Each load and store of a routine has one entry if it accesses user memory, and none if it does not.
    Coverage,
    /// The table is strictly ascending.
    Order,
    /// Each entry lies on a memory instruction, and its flags say what that does.
    Direction,
    /// Each landing lies on an instruction of the same function.
    Landing,
    /// User addresses come out of the mask.
    Mask,
    /// A landing does bytes up to the edge of a page only where those are fewer than what is left.
    Edge,
    /// The window is open where it must be, and as it was at each end.
    Window,
    /// No vector register is touched that holds somebody else's value.
    Vectors,
    /// What a routine goes by is what it was given, or has set itself; of memory of its own, whole variables.
    Given,
    /// What a routine answers at a fault is what it has done: see `bounded`.
    Count,
}

/// Each with what it claims.
pub const PROOFS: &[(Proof, &str)] = &[
    (Proof::Coverage, "each access to user memory has one entry, and nothing else has any"),
    (Proof::Order, "the table is strictly ascending"),
    (Proof::Direction, "each entry says what its instruction does"),
    (Proof::Landing, "each landing lies in its own function"),
    (Proof::Mask, "each user address comes out of the mask"),
    (Proof::Edge, "no landing does more bytes than are left"),
    (Proof::Window, "the window is open where it must be, and left as it was"),
    (Proof::Vectors, "no vector register is touched that holds another's value"),
    (Proof::Given, "no register is read that nobody has set, and no variable beyond its end"),
];

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Violation {
    pub proof: Proof,
    pub addr: u64,
    pub at: String,
    pub what: String,
}

impl Violation {
    pub fn new(binary: &Binary, proof: Proof, addr: u64, what: &str) -> Self {
        Self { proof, addr, at: binary.image.describe(addr), what: what.to_owned() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.at, self.what)
    }
}
