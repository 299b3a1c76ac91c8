// SPDX-License-Identifier: MIT OR Apache-2.0
//! The cases that only this machine has.

mod direct_map;
mod faults;

use alloc::vec::Vec;

use super::Features;
use crate::cases::{Named, REGISTERS, cases};

const EVERYWHERE: &[Named] = cases! {
    direct_map: no_operation_reaches_a_direct_map_window, but_the_bare_routines_would;
    faults: a_page_that_may_not_be_read_ends_a_copy,
        a_page_for_user_mode_only_ends_a_copy,
        an_atomic_of_the_kernels_own_is_recovered;
};

/// Those for a CPU.
pub fn own(_features: Features, _by_vector: bool) -> Vec<Named> {
    [EVERYWHERE, REGISTERS].concat()
}
