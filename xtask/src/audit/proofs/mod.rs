// SPDX-License-Identifier: MIT OR Apache-2.0
//! The proofs: each asks its question of what the walks find.

mod coverage;
pub mod edge;
pub mod given;
pub mod inline;
pub mod landing;
pub mod mask;
pub mod pattern;
pub mod proof;
pub mod prove;
pub mod routine;
pub mod table;
pub mod vectors;
