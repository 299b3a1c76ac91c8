// SPDX-License-Identifier: MIT OR Apache-2.0
//! The cases that only this machine has.

mod faults;
mod mops;
mod refused;

use alloc::vec::Vec;

use super::Features;
use crate::cases::{Named, REGISTERS, cases};

const EVERYWHERE: &[Named] = cases! {
    faults: a_misaligned_access_is_finished_bytewise,
        what_no_device_answers_ends_a_copy,
        an_access_flag_is_the_pagers_business;
    refused: the_vector_refuses_a_trap_entry_that_it_cannot_pass_on_to;
};
const WITH_MOPS: &[Named] = cases! {
    mops: a_landing_is_exact_in_the_words_of_either_option,
        a_copy_of_the_other_option_is_finished;
};

const WITH_UAO: &[Named] = cases! {
    refused: the_vector_refuses_unprivileged_accesses_with_the_kernels_rights;
};

/// Those for a CPU.
pub fn own(features: Features) -> Vec<Named> {
    let mops = if features.mops { WITH_MOPS } else { &[] };
    let uao = if features.uao { WITH_UAO } else { &[] };
    [EVERYWHERE, REGISTERS, mops, uao].concat()
}
