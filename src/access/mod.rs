// SPDX-License-Identifier: MIT OR Apache-2.0
//! The byte layer: checks user addresses, calls the routines, and reports faults.

pub(crate) mod errno;
pub(crate) mod error;
pub(crate) mod fit;
pub(crate) mod outcome;
pub(crate) mod place;
pub(crate) mod pod;
pub(crate) mod range;

pub mod context;
pub mod raw;

pub(crate) mod atomic;
pub(crate) mod bare;
pub(crate) mod compare;
pub(crate) mod copy;
pub(crate) mod fixed;
pub(crate) mod length;
pub(crate) mod moving;
pub(crate) mod overlap;
pub(crate) mod single;

pub mod bulk;
pub mod nofault;
pub mod probe;
pub mod region;
pub mod unpredictable;
