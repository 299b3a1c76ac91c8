// SPDX-License-Identifier: MIT OR Apache-2.0
//! CPUs without protection keys.

use alloc::string::String;

use crate::{
    op::{BY_TABLE, Done},
    pte, space,
};

pub fn without_keys_the_key_of_a_page_means_nothing() -> Result<(), String> {
    let addr = space::RW.start();
    let _key = pte::change(addr, |entry| entry | 1 << 59);
    BY_TABLE.into_iter().try_for_each(|op| op.expect(addr, 100, &[], Done::all(100, 0)))
}
