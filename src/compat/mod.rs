// SPDX-License-Identifier: MIT OR Apache-2.0
//! Code for existing kernels: the address spaces of both ArceOS lines, and the methods of the earlier axptr.

#[cfg(feature = "ax-mm")]
mod ax_mm;
#[cfg(feature = "axmm")]
mod axmm;
#[cfg(feature = "legacy")]
pub mod legacy;
