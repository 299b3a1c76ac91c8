// SPDX-License-Identifier: MIT OR Apache-2.0
//! What axptr's vector refuses.

use alloc::string::String;

use axptr::vector::{self, InstallError};

use super::super::{
    own_rights,
    vectors::{set_table, table},
};
use crate::{cases::refusal, ensure};

unsafe extern "C" {
    static kernel_own_table: u8;
}

/// This kernel's own trap entry stands for one of which the vector knows nothing.
pub fn the_vector_refuses_a_trap_entry_that_it_cannot_pass_on_to() -> Result<(), String> {
    let before = table();
    // SAFETY: it passes on what it does not decide.
    unsafe { set_table((&raw const kernel_own_table).addr()) };
    let answer = refusal::install();
    let seen = vector::is_in_front();
    let left = table();
    // SAFETY: what was there.
    unsafe { set_table(before) };
    ensure!(!seen, "the vector takes another's entry for its own");
    ensure!(left == (&raw const kernel_own_table).addr(), "a refused vector changed the trap entry");
    refusal::check(answer, InstallError::UnknownHandler)
}

/// With PSTATE.UAO a copy would reach the kernel's own pages in the user half.
pub fn the_vector_refuses_unprivileged_accesses_with_the_kernels_rights() -> Result<(), String> {
    let before = table();
    // SAFETY: only for a CPU with UAO, and nothing accesses user memory meanwhile.
    let answer = unsafe { own_rights::during(refusal::install) };
    ensure!(table() == before, "a refused vector changed the trap entry");
    refusal::check(answer, InstallError::AccessOverride)
}
