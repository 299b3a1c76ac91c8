// SPDX-License-Identifier: MIT OR Apache-2.0
//! The cases that only this machine has.

#[cfg(feature = "float")]
mod branch_targets;
mod faults;
mod masks;
mod mops;
#[cfg(feature = "float")]
mod neon;
mod refused;
#[cfg(feature = "untag")]
mod tagged;

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

const BEHIND_THE_VECTOR: &[Named] = cases! {
    masks: the_pager_gets_the_masks_of_the_access;
};

const WITH_UAO: &[Named] = cases! {
    refused: the_vector_refuses_unprivileged_accesses_with_the_kernels_rights;
};

/// What only one of the kernel's links has.
const OF_THIS_LINK: &[&[Named]] = &[
    #[cfg(feature = "float")]
    cases! {
        neon: a_repaired_fault_changes_no_neon_register, a_landing_changes_no_neon_register;
        branch_targets: every_routine_begins_with_bti;
    },
    #[cfg(feature = "untag")]
    cases! {
        tagged: every_operation_takes_what_the_machine_takes,
            faults_name_the_address_without_its_tag,
            a_kernel_address_stays_one_under_any_tag,
            without_bits_for_it_a_tag_is_refused,
            the_pager_of_a_bare_routine_gets_the_address_without_its_tag;
    },
];

/// Those for a CPU.
pub fn own(features: Features, by_vector: bool) -> Vec<Named> {
    let mops = if features.mops { WITH_MOPS } else { &[] };
    let uao = if features.uao { WITH_UAO } else { &[] };
    let behind = if by_vector { BEHIND_THE_VECTOR } else { &[] };
    [EVERYWHERE, REGISTERS, mops, uao, behind, &OF_THIS_LINK.concat()].concat()
}
