// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the libraries among the clients have in common: a folder of their own below `target/clients`, with their builds.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result};

use crate::{env::command::clean, root::root};

/// A library that is a client.
#[derive(Clone, Copy, Debug)]
pub struct Library {
    pub name: &'static str,
}

/// The line of a manifest that takes a package out of our workspace, inside of which it lies.
pub const ALONE: &str = "\n[workspace]\n";

impl Library {
    /// The folder of all of it; the programs in `tests` name edited packages in it.
    pub fn folder(self) -> PathBuf {
        root().join("target/clients").join(self.name)
    }

    /// The lines of a manifest that make axptr a dependency.
    pub fn with_axptr() -> String {
        let path = root().display().to_string();
        format!("\n[dependencies.axptr]\npath = {path:?}\ndefault-features = false\n")
    }

    /// `cargo COMMAND` in a package.
    pub fn cargo(self, command: &str, package: &Path) -> Command {
        let mut cargo = clean("cargo");
        cargo.args([command, "--quiet"]).current_dir(package);
        cargo.env("CARGO_TARGET_DIR", self.folder().join("build"));
        // What the edits leave without a caller stays: it would count as changed.
        cargo.env("RUSTFLAGS", "-Adead-code -Aunused-imports");
        cargo
    }

    /// Runs its program of `tests` with one word; it prints what it finds.
    pub fn program_says(self, word: &str) -> Result<Result<(), String>> {
        let mut command = self.cargo("run", &root().join("tests").join(self.name));
        command.args(["--release", "--", word]).stdin(Stdio::null());
        let status = command.status().context("running cargo")?;
        Ok(if status.success() { Ok(()) } else { Err(status.to_string()) })
    }
}
