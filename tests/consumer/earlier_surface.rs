// SPDX-License-Identifier: MIT OR Apache-2.0
//! A caller of the earlier axptr, unchanged: it compiles with the feature `legacy` only, because what it does cannot be
//! sound.

#![allow(deprecated)]

struct Space;

impl axptr::AddressSpace for Space {
    fn check_region_access(&self, _: axptr::UserRange, _: axptr::Access) -> bool {
        true
    }
    fn handle_fault(&mut self, _: usize, _: axptr::Access) -> bool {
        true
    }
}

fn main() {
    let text = axptr::UserConstPtr::<std::ffi::c_char>::from(8);
    let _ = text.get_as_str(&mut Space);
    let forged = axptr::UserConstPtr::<&'static [u8]>::from(8);
    let _ = forged.get(&mut Space);
    let _ = axptr::UserConstPtr::<bool>::from(8).get_as_null_terminated(&mut Space);
    let _ = axptr::UserPtr::<bool>::from(8).get_as_slice(&mut Space, 2);
}
