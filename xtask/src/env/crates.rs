// SPDX-License-Identifier: MIT OR Apache-2.0
//! Programs that cargo builds from the registry.

use std::{path::Path, process::Stdio};

use anyhow::{Context, Result, ensure};

use super::command::{clean, print};

/// Whether there is a `cargo-SUBCOMMAND`, in this version.
pub fn is_there(program: &str, version: &str) -> bool {
    let subcommand = program.trim_start_matches("cargo-");
    // Cargo looks where it installs, whatever is on the path.
    let said = print(Path::new("cargo"), &[subcommand, "--version"]);
    said.is_some_and(|said| said.ends_with(&format!(" {version}")))
}

/// Gets it.
pub fn install(program: &str, version: &str) -> Result<()> {
    eprintln!("cargo install {program}@{version}");
    let status = clean("cargo")
        .args(["install", "--quiet", "--locked", "--force", &format!("{program}@{version}")])
        .stdin(Stdio::null())
        .status()
        .context("running cargo install")?;
    ensure!(status.success(), "cargo install {program}@{version} failed");
    Ok(())
}
