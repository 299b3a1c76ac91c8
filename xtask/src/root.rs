// SPDX-License-Identifier: MIT OR Apache-2.0
//! Where the repository lies.

use std::{
    env,
    path::{Path, PathBuf},
    sync::OnceLock,
};

/// The variable that names another tree to work on: `cargo xtask mutate` has copies.
pub const ELSEWHERE: &str = "AXPTR_ROOT";

/// The root of the tree that is built and tested.
pub fn root() -> &'static Path {
    static ROOT: OnceLock<PathBuf> = OnceLock::new();
    ROOT.get_or_init(|| env::var_os(ELSEWHERE).map_or_else(|| home().to_owned(), PathBuf::from))
}

/// The root of the tree that this program is built from. What is installed for all trees is there.
pub fn home() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the root")
}
