// SPDX-License-Identifier: MIT OR Apache-2.0
#![doc = include_str!("../README.md")]
#![no_std]

mod counted;
mod error;
mod space;

pub use counted::VmIoCounted;
pub use error::vm_error;
pub use space::ActiveSpace;
