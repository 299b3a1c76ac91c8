// SPDX-License-Identifier: MIT OR Apache-2.0
//! What axptr's vector refuses.

use alloc::string::String;

use axptr::vector::{self, InstallError};

use super::super::{
    entry::{entry, set_entry},
    own::kernel_own,
};
use crate::{ensure, fault};

/// This kernel's own trap entry stands for one of which the vector knows nothing.
pub fn the_vector_refuses_a_trap_entry_that_it_cannot_pass_on_to() -> Result<(), String> {
    let before = entry();
    // SAFETY: it passes on what it does not decide.
    unsafe { set_entry(kernel_own as *const () as usize) };
    // SAFETY: (1) to (5) as at boot; it is refused.
    let answer = unsafe { vector::install(fault::pager) };
    let left = entry();
    // SAFETY: what was there.
    unsafe { set_entry(before) };
    ensure!(answer == Err(InstallError::UnknownHandler), "{answer:?}");
    ensure!(left == kernel_own as *const () as usize, "a refused vector changed the trap entry");
    Ok(())
}
