// SPDX-License-Identifier: MIT OR Apache-2.0
//! What axptr's vector passes on: a fault that is none of axptr's, and one of a user program's.

use alloc::string::String;

use super::super::{
    gates::{GP, PF},
    witness,
};
use crate::{arch::window, ensure};

/// Neither the CPU nor the former handler closes it. Behind the handler it is what it was.
pub fn a_general_protection_fault_finds_the_window_closed() -> Result<(), String> {
    let closed = witness::open_after_a_general_protection_fault();
    ensure!(closed == Some(false), "from a closed window: {closed:?}");
    let (open, still_open) = window::during(witness::open_after_a_general_protection_fault);
    ensure!(open == Some(false), "from an open window: {open:?}");
    ensure!(still_open, "the handler has closed the window of what it interrupted");
    Ok(())
}

/// The kernel's own handler of that gate: it knows of no other one's frames.
pub fn a_fault_in_user_mode_goes_to_the_former_handler_of_its_gate() -> Result<(), String> {
    const CODE: usize = 0b101;
    for gate in [GP, PF] {
        let reached = witness::of_a_fault_in_user_mode(gate, CODE);
        ensure!(reached == (gate, CODE), "gate {gate}: {reached:?}");
    }
    Ok(())
}
