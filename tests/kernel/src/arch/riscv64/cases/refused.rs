// SPDX-License-Identifier: MIT OR Apache-2.0
//! What axptr's vector refuses.

use alloc::string::String;

use axptr::vector::{self, InstallError};

use super::super::{
    entry::{entry, set_entry},
    own::kernel_own,
};
use crate::{cases::refusal, ensure};

/// This kernel's own trap entry stands for one of which the vector knows nothing.
pub fn the_vector_refuses_a_trap_entry_that_it_cannot_pass_on_to() -> Result<(), String> {
    let before = entry();
    // SAFETY: it passes on what it does not decide.
    unsafe { set_entry(kernel_own as *const () as usize) };
    let answer = refusal::install();
    let seen = vector::is_in_front();
    let left = entry();
    // SAFETY: what was there.
    unsafe { set_entry(before) };
    ensure!(!seen, "the vector takes another's entry for its own");
    ensure!(left == kernel_own as *const () as usize, "a refused vector changed the trap entry");
    refusal::check(answer, InstallError::UnknownHandler)
}
