// SPDX-License-Identifier: MIT OR Apache-2.0
//! The proofs, one file per subject.

pub(crate) mod atomics;
pub(crate) mod compare;
pub(crate) mod legacy;
pub(crate) mod nofault;
pub(crate) mod overlap;
pub(crate) mod pages;
pub(crate) mod pointers;
pub(crate) mod ranges;
pub(crate) mod slices;
pub(crate) mod strings;
pub(crate) mod structs;
pub(crate) mod values;
