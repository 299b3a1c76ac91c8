// SPDX-License-Identifier: MIT OR Apache-2.0
//! The proofs, one file per subject.

pub(crate) mod legacy;
pub(crate) mod overlap;
pub(crate) mod pages;
pub(crate) mod pointers;
pub(crate) mod ranges;
pub(crate) mod slices;
pub(crate) mod structs;
