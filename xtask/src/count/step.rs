// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the count must know of each instruction, and of the code around it.

use std::rc::Rc;

use crate::audit::decode::insn::{Insn, Window};

/// One instruction.
#[derive(Clone, Debug)]
pub struct Step {
    pub insn: Insn,
    /// It accesses user memory.
    pub is_user: bool,
    pub window: Option<Window>,
    /// It goes back to where the function was called from.
    pub returns: bool,
}

/// The code that is traced.
pub trait Code {
    /// The instruction at an address.
    fn step(&self, addr: u64) -> Rc<Step>;
    /// Where the marker begins.
    fn marker(&self) -> u64;
    /// Whether a function begins there.
    fn is_start(&self, addr: u64) -> bool;
    /// Whether both lie in one function.
    fn is_within(&self, addr: u64, other: u64) -> bool;
    /// An address, for messages.
    fn describe(&self, addr: u64) -> String;
}
