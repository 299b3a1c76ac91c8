// SPDX-License-Identifier: MIT OR Apache-2.0
//! The typed layer: pointers to user memory, and what is made from them.

pub(crate) mod ptr;
pub(crate) mod slice;

pub mod atomic;
pub mod cstr;
pub mod scope;

pub(crate) mod array;
pub(crate) mod cursor;
#[cfg(feature = "alloc")]
pub(crate) mod vec;

pub mod fault_in;
pub mod futex;
pub mod iovec;
pub mod structs;
