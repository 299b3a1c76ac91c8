// SPDX-License-Identifier: MIT OR Apache-2.0
//! Each further way to write a value: none takes one with padding, or one that is not initialised.
use std::mem::MaybeUninit;

use axptr::{UserPtr, UserWriter, scope, structs};

#[derive(Clone, Copy)]
#[repr(C)]
struct Header {
    tag: u8,
    len: u32,
}

const HEADER: Header = Header { tag: 1, len: 2 };

fn main() {
    let user = UserPtr::<Header>::new(0x1000);
    let _ = user.nofault().write(HEADER);
    let _ = user.write_slice(&[HEADER]);
    let _ = user.slice(1).map(|slice| slice.write_from(&[HEADER]));
    let _ = user.slice(1).map(|slice| slice.compare(&[HEADER]));
    let _ = user.write_struct(8, &HEADER);
    let _ = structs::write_struct(user, 8, &HEADER);
    let _ = scope::run(user.writing(HEADER));
    let _ = UserPtr::<u8>::new(0x1000).slice(8).map(|slice| UserWriter::from(slice).write_value(HEADER));
    let _ = UserPtr::<MaybeUninit<u64>>::new(0x1000).write(MaybeUninit::uninit());
}
