// SPDX-License-Identifier: MIT OR Apache-2.0
//! What axptr's vector passes on: a fault that is none of axptr's.

use alloc::string::String;

use super::super::witness;
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
