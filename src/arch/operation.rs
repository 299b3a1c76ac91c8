// SPDX-License-Identifier: MIT OR Apache-2.0
//! Faults for the self test of a trap handler, the same on all machines: what a machine's `rehearse.rs` describes.
//!
//! Each file defines:
//!
//! - `COUNT`: how many general registers the machine numbers; `Registers`: a value for each.
//! - `NAMES`: their names by number, empty for a register that gets no value: the stack pointer, and those that the
//!   platform owns.
//! - `CAUSE`: the number of the cause's register. `END`: the place in `Registers` of a register without a value, where
//!   `fault` says how it ended.
//! - `OPERATIONS`, and `fault(operation, registers)`: gives each register its value, executes the instruction of the
//!   operation, and stores what the registers hold then. The place `END` is 0 if execution went on at the landing.
//!   The address comes out of memory, so the audit does not judge these accesses; it knows them by their files' name.
//! - `scramble()`: changes each register that a function need not preserve. What a trap entry fails to save shows
//!   itself then, also if the handler happens not to use it.
//! - `interrupts_on()`: whether this CPU takes interrupts now.

/// An instruction that accesses user memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Operation {
    /// What it does to user memory: `READ` or `WRITE` of [`entry`](super::entry).
    pub(crate) access: u16,
    /// The register that holds the user address.
    pub(crate) user: usize,
    /// The registers that hold a kernel address and a number of bytes, for an instruction that copies.
    pub(crate) copy: Option<(usize, usize)>,
    /// What its landing gets.
    pub(crate) gets: Gets,
}

/// What a landing of the self test gets in the cause's register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gets {
    /// The cause, as each landing.
    Cause,
    /// What was there (the flag `QUIET`).
    Nothing,
    /// The address of the report (the flag `ECHO`).
    Address,
}

impl Operation {
    /// A load or a store of user memory, and of nothing else.
    pub(crate) const fn of_user_memory(access: u16, user: usize) -> Self {
        Self { access, user, copy: None, gets: Gets::Cause }
    }

    /// The same with another thing for the landing.
    pub(crate) const fn that_gets(self, gets: Gets) -> Self {
        Self { gets, ..self }
    }
}
