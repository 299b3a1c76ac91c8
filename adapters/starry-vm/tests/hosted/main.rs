// SPDX-License-Identifier: MIT OR Apache-2.0
//! Each public function of starry-vm, and the forms with a count, in a Linux process whose pages are the user's.

mod bytes;
mod pages;
mod pointers;
#[cfg(feature = "alloc")]
mod vectors;
