// SPDX-License-Identifier: MIT OR Apache-2.0
//! Code for existing kernels: axmm's address space, and the methods of the earlier axptr.

#[cfg(feature = "axmm")]
mod axmm;
#[cfg(feature = "legacy")]
pub mod legacy;
