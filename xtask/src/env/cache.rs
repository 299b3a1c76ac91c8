// SPDX-License-Identifier: MIT OR Apache-2.0
//! What every checkout of this user's may share, below `~/.cache/axptr`: Zig, and what cargo builds for other machines.
//! Most of that is the standard library and packages of the registry, and the same for all. It may be deleted at any time.

use std::{env, path::PathBuf, process::Command};

use crate::root::home;

/// The folder of all of it; the checkout's own where a user has no home.
pub fn folder() -> PathBuf {
    let user = env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let user = user.or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".cache")));
    let place = user.filter(|folder| folder.is_absolute()).map(|folder| folder.join("axptr"));
    place.unwrap_or_else(|| home().join("target"))
}

/// What cargo asks.
const BUILDS: &str = "CARGO_BUILD_BUILD_DIR";

/// Has cargo keep in this folder what it builds on its way to what is asked for. Its own target folder gets that alone.
///
/// Builds that wait for each other anyway share a name: cargo locks the folder. One older than 1.91 does not look at this.
pub fn share_builds(cargo: &mut Command, name: &str) {
    cargo.env(BUILDS, builds().join(name));
}

/// Has cargo share nothing: for builds of packages that are edited, with scripts that may rely on where they are built.
pub fn share_no_builds(cargo: &mut Command) {
    cargo.env_remove(BUILDS);
}

/// Where those are.
pub fn builds() -> PathBuf {
    folder().join("builds")
}
