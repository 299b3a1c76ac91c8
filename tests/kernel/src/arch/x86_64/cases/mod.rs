// SPDX-License-Identifier: MIT OR Apache-2.0
//! The cases that only this machine has.

mod branch_targets;
mod keys;
mod no_keys;
mod no_window;
mod passed_on;
mod refused;
mod reserved;
#[cfg(feature = "vector-registers")]
mod vectors;

use alloc::vec::Vec;

use super::{Features, witness};
use crate::cases::{Named, cases};

const WITHOUT_WINDOW: &[Named] = cases! {
    no_window: without_smap_copies_never_touch_the_flag;
};
const WITH_KEYS: &[Named] = cases! {
    keys: a_key_that_forbids_access_stops_every_operation, a_key_that_forbids_writes_lets_reads_through;
};
const WITHOUT_KEYS: &[Named] = cases! {
    no_keys: without_keys_the_key_of_a_page_means_nothing;
};
const BEHIND_THE_VECTOR: &[Named] = cases! {
    passed_on: a_general_protection_fault_finds_the_window_closed,
        a_fault_in_user_mode_goes_to_the_former_handler_of_its_gate;
    branch_targets: every_gate_of_the_vector_begins_with_endbr64;
};
const EVERYWHERE: &[Named] = cases! {
    reserved: a_reserved_bit_ends_a_copy_without_asking_the_pager;
    refused: the_vector_refuses_a_gate_with_a_stack_of_its_own;
};

/// What only one of the kernel's links has.
const OF_THIS_LINK: &[&[Named]] = &[
    #[cfg(feature = "vector-registers")]
    cases! {
        vectors: the_self_test_sees_that_they_are_off,
            strings_and_large_fills_end_where_pages_do,
            a_pager_that_copies_changes_none_of_them,
            a_copy_survives_another_at_each_of_its_instructions;
    },
];

/// Those for a CPU.
pub fn own(features: Features, _by_vector: bool) -> Vec<Named> {
    let no_window = if features.window { &[] } else { WITHOUT_WINDOW };
    let keys = if features.keys { WITH_KEYS } else { WITHOUT_KEYS };
    let behind = if features.window && witness::is_installed() { BEHIND_THE_VECTOR } else { &[] };
    [no_window, keys, behind, EVERYWHERE, &OF_THIS_LINK.concat()].concat()
}
