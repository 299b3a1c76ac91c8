// SPDX-License-Identifier: MIT OR Apache-2.0
//! A walk through a function: what it depends on, and what it shows to whoever watches.

use super::{
    listing::Listing,
    state::{State, Surroundings},
    value::Value,
};
use crate::audit::{
    decode::{
        insn::{Access, Direction, Insn, Reg},
        isa::Guard,
    },
    linked::binary::Binary,
};

/// What happens at an instruction.
#[derive(Debug)]
pub enum Event<'a> {
    /// It is executed.
    Reached,
    Access(Direction, &'a Access, Value),
    /// To another function, and whether it comes back.
    Call {
        target: Option<u64>,
        returns: bool,
    },
    /// By way of this register; on x86_64 by the stack.
    Return(Option<Reg>),
    /// What a path must not do.
    Wrong(String),
}

/// Who watches: the instruction, the state at that moment, what happens.
pub type See<'a> = dyn FnMut(&Insn, &State, Event) + 'a;

/// A function with all that its instructions depend on.
#[derive(Debug)]
pub struct Walk<'a> {
    pub binary: &'a Binary,
    pub listing: &'a Listing,
    pub surroundings: Surroundings,
    /// The window that matters here: none in a process.
    pub guard: Guard,
    pub rules: Rules,
}

/// What a function may do, by who has written it.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// Whether an indirect jump may lead to any block; if not, there must be none.
    pub jumps_anywhere: bool,
    /// Whether the window may be opened again once it is closed: routines open it once.
    pub opens_again: bool,
    /// How many states are kept at the start of a block before they are joined; 1 at least.
    pub apart: u8,
    /// Whether it matters which registers hold the same number. It makes states differ that are alike in all else.
    pub numbers: bool,
}

impl Rules {
    /// A function of the assembly.
    pub const ROUTINE: Self = Self { jumps_anywhere: false, opens_again: false, apart: 1, numbers: false };
    /// One that the compiler has made, and that calls routines.
    pub const CALLER: Self = Self { jumps_anywhere: true, numbers: true, ..Self::ROUTINE };
    /// One that moves the window itself.
    pub const INLINED: Self = Self { opens_again: true, numbers: false, ..Self::CALLER };
}
