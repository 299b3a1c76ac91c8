// SPDX-License-Identifier: MIT OR Apache-2.0
//! How tests are run and counted, whatever they test.

pub mod bar;
pub mod cargo;
pub mod lanes;
pub mod number;
pub mod pool;
pub mod report;
