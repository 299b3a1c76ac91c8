// SPDX-License-Identifier: MIT OR Apache-2.0
//! Where the repository lies.

use std::path::Path;

/// The repository's root.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the root")
}
