// SPDX-License-Identifier: MIT OR Apache-2.0
//! The bounds on types that cross the boundary, from `bytemuck`.
//!
//! - From user space comes any bit pattern, so the type must accept any: [`AnyBitPattern`].
//! - To user space go all bytes, so none may be padding or uninitialised: [`NoUninit`].

pub use bytemuck::{AnyBitPattern, NoUninit};
