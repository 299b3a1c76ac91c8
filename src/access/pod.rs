// SPDX-License-Identifier: MIT OR Apache-2.0
//! The bounds on types that cross between kernel and user space. They come from `bytemuck`.
//!
//! - User space can send any bit pattern. So a type that is read must accept any: [`AnyBitPattern`].
//! - All bytes of a value go to user space. So no byte of a type that is written may be padding or uninitialised:
//!   [`NoUninit`].

pub use bytemuck::{AnyBitPattern, NoUninit};
