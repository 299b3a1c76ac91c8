// SPDX-License-Identifier: MIT OR Apache-2.0
//! What axptr's vector refuses.

use alloc::string::String;

use axptr::vector::{self, InstallError};

use super::super::vectors::{set_table, table};
use crate::{ensure, fault};

unsafe extern "C" {
    static kernel_own_table: u8;
}

/// This kernel's own trap entry stands for one of which the vector knows nothing.
pub fn the_vector_refuses_a_trap_entry_that_it_cannot_pass_on_to() -> Result<(), String> {
    let before = table();
    // SAFETY: it passes on what it does not decide.
    unsafe { set_table((&raw const kernel_own_table).addr()) };
    // SAFETY: (1) to (5) as at boot; it is refused.
    let answer = unsafe { vector::install(fault::pager) };
    let left = table();
    // SAFETY: what was there.
    unsafe { set_table(before) };
    ensure!(answer == Err(InstallError::UnknownHandler), "{answer:?}");
    ensure!(left == (&raw const kernel_own_table).addr(), "a refused vector changed the trap entry");
    Ok(())
}
