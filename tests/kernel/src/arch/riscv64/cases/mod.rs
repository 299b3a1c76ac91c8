// SPDX-License-Identifier: MIT OR Apache-2.0
//! The cases that only this machine has.

mod faults;
mod refused;
mod status;

use alloc::vec::Vec;

use super::Features;
use crate::cases::{Named, REGISTERS, cases};

const EVERYWHERE: &[Named] = cases! {
    faults: memory_that_does_not_answer_ends_a_copy,
        memory_that_answers_in_a_part_of_its_page_is_read_up_to_there,
        a_page_that_may_only_be_executed_ends_a_copy,
        an_atomic_of_the_kernels_own_is_recovered,
        a_misaligned_atomic_of_the_kernels_own_is_recovered;
    status: a_copy_changes_no_other_bit;
    refused: the_vector_refuses_a_trap_entry_that_it_cannot_pass_on_to;
};

/// Those for a CPU.
pub fn own(_features: Features, _by_vector: bool) -> Vec<Named> {
    [EVERYWHERE, REGISTERS].concat()
}
