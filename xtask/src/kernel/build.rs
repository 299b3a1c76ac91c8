// SPDX-License-Identifier: MIT OR Apache-2.0
//! The links of the test kernel.

use std::{fs, path::PathBuf, process::Command};

use anyhow::{Context, Result, ensure};

use crate::{env::toolchain::Toolchain, machine::Machine, root::root};

/// What the linker says where the kernel's script throws the exception table away.
const REFUSAL: &str = "ERROR(axptr)";

/// The kernel with ArceOS's script alone.
pub fn plain(machine: &Machine, toolchain: &Toolchain) -> Result<PathBuf> {
    let status = command(toolchain, &[]).status().context("running the bare-metal cargo")?;
    ensure!(status.success(), "the test kernel does not build for {}", machine.target);
    keep(machine.target, "plain")
}

/// The kernel for the target whose compiler uses vector registers. It is also the one whose user addresses may have tags,
/// and whose routines are marked as targets of indirect branches: each of these changes the code of the others.
pub fn with_vectors(target: &'static str, toolchain: &Toolchain) -> Result<PathBuf> {
    let mut command = command(toolchain, &["--features", "float"]);
    let status = command.env("RUSTFLAGS", "--cfg axptr_branch_targets").status()?;
    ensure!(status.success(), "the test kernel does not build for {target}");
    keep(target, "vectors")
}

/// The kernel with axptr's linker fragment beside the script. Its routines use vector registers, if the machine has such: so
/// this boot, the last of the long ones, is another kernel's from its source on, at no price but that of compiling it.
pub fn with_fragment(machine: &Machine, toolchain: &Toolchain) -> Result<(&'static str, PathBuf)> {
    let (variant, features) = match machine.vector_routines {
        true => ("fragment vectors", "fragment,vector-registers"),
        false => ("fragment", "fragment"),
    };
    let status = command(toolchain, &["--features", features]).status()?;
    ensure!(status.success(), "the test kernel does not link with the fragment for {}", machine.target);
    Ok((variant, keep(machine.target, &variant.replace(' ', "-"))?))
}

/// The kernel with a script that discards the exception table.
pub fn discarding_fails(toolchain: &Toolchain) -> Result<Result<(), String>> {
    let output = command(toolchain, &["--features", "discard"]).output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    Ok(match (output.status.success(), said.contains(REFUSAL)) {
        (true, _) => Err("it links".to_owned()),
        (false, true) => Ok(()),
        (false, false) => Err(format!("it fails without {REFUSAL:?}:\n{said}")),
    })
}

fn command(toolchain: &Toolchain, more: &[&str]) -> Command {
    let mut command = toolchain.cargo("build");
    command
        .args(["--release", "--locked", "--quiet", "--package", "axptr-kernel-image"])
        .args(more)
        .current_dir(root().join("tests/kernel"))
        .env("CARGO_TARGET_DIR", folder());
    command
}

/// Puts the image where the next variant does not replace it.
fn keep(target: &str, variant: &str) -> Result<PathBuf> {
    let built = folder().join(target).join("release/axptr-kernel");
    let kept = built.with_file_name(format!("axptr-kernel-{variant}"));
    fs::copy(&built, &kept).with_context(|| format!("keeping {}", built.display()))?;
    Ok(kept)
}

fn folder() -> PathBuf {
    root().join("target/kernel")
}
