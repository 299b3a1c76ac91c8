// SPDX-License-Identifier: MIT OR Apache-2.0
//! What lies below `~/.cache/axptr`: Zig for all checkouts of this user's, and what cargo builds for other machines, for each
//! checkout. It may be deleted at any time.

use std::{
    env,
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
    process::Command,
};

use crate::root::{home, root};

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
    builds_of(root())
}

/// Those of a checkout. Cargo 1.95 takes what it has built of one for what it would build of another, because it counts paths
/// from the workspace's root: the tests of one ran with the code of the other.
pub fn builds_of(checkout: &Path) -> PathBuf {
    let mut hasher = DefaultHasher::new();
    checkout.hash(&mut hasher);
    folder().join("builds").join(format!("{:016x}", hasher.finish()))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::builds_of;

    #[test]
    fn checkouts_have_builds_of_their_own() {
        let [one, other] = ["/a/axptr", "/b/axptr"].map(|checkout| builds_of(Path::new(checkout)));
        assert_ne!(one, other);
        assert_eq!(one, builds_of(Path::new("/a/axptr")), "it is found again");
    }
}
