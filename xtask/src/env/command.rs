// SPDX-License-Identifier: MIT OR Apache-2.0
//! Programs that are run as if from a shell in the root, whoever has started this one.

use std::{
    env,
    ffi::OsString,
    path::Path,
    process::{Command, Stdio},
};

use crate::root::root;

/// What a program prints, if it ends well.
pub fn print(program: &Path, args: &[&str]) -> Option<String> {
    let output = clean(program).args(args).stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}

/// A command in the root without the variables that `cargo run` and rustup leave to
/// their children; a user's settings for networks and registries stay.
pub fn clean(program: impl Into<OsString>) -> Command {
    let mut command = Command::new(program.into());
    command.current_dir(root());
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if is_left_over(&text) {
            command.env_remove(&name);
        }
    }
    command
}

fn is_left_over(name: &str) -> bool {
    const KEPT: &[&str] = &[
        "CARGO_HOME",
        "CARGO_HTTP_",
        "CARGO_INCREMENTAL",
        "CARGO_NET_",
        "CARGO_REGISTR",
        "CARGO_SOURCE_",
        "CARGO_TERM_",
    ];
    const REMOVED: &[&str] = &["CARGO", "RUSTC", "RUSTDOC", "RUSTFLAGS", "RUSTUP_TOOLCHAIN"];
    let starts = |prefixes: &[&str]| prefixes.iter().any(|prefix| name.starts_with(prefix));
    name == "LD_LIBRARY_PATH" || (starts(REMOVED) && !starts(KEPT))
}
