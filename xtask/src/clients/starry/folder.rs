// SPDX-License-Identifier: MIT OR Apache-2.0
//! Where all of it lies.

use std::path::PathBuf;

use crate::root::root;

/// The folder of what is fetched, edited, built and booted.
pub fn folder() -> PathBuf {
    root().join("target/clients/starry")
}
