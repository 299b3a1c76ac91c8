// SPDX-License-Identifier: MIT OR Apache-2.0
//! `cargo xtask kernel`: builds the test kernel and boots it in each way it must pass.

mod boot;
mod console;
mod guest;
mod image;

use std::{fs, path::PathBuf, process::Command};

use anyhow::{Context, Result, ensure};

pub use self::{
    boot::{Boot, COUNT},
    image::Format,
};
use crate::{
    machine::{self, Machine},
    report::Tally,
    root, setup,
    toolchain::{self, Toolchain},
};

/// What the linker says where the kernel's script throws the exception table away.
const REFUSAL: &str = "ERROR(axptr)";

/// Builds and boots the kernel for the named machines.
pub fn run(names: &[String], tally: &mut Tally) -> Result<()> {
    let machines = machine::chosen(names)?;
    let needs: Vec<_> = machines.iter().copied().flat_map(setup::for_kernel).collect();
    setup::ensure(&needs)?;
    for machine in machines {
        let toolchain = toolchain::require(machine.target)?;
        println!("building for {}: {}", machine.target, toolchain.describe());
        let plain = build(machine, &toolchain)?;
        let fragment = build_with_fragment(machine, &toolchain)?;
        let mut boots = boot::of_plain_kernel(machine, &plain);
        boots.push(Boot { variant: "fragment", ..Boot::new(machine, &machine.cpus[0], &fragment) });
        boot::run_all(boots, tally)?;
        tally.check(
            &format!("{}: a script that discards the table does not link", machine.name),
            discarding_fails(&toolchain)?,
        );
    }
    Ok(())
}

/// The kernel with ArceOS's script alone.
pub fn build(machine: &Machine, toolchain: &Toolchain) -> Result<PathBuf> {
    let status = build_command(toolchain, &[]).status().context("running the bare-metal cargo")?;
    ensure!(status.success(), "the test kernel does not build for {}", machine.target);
    keep(machine, "plain")
}

/// The kernel with axptr's linker fragment beside the script.
fn build_with_fragment(machine: &Machine, toolchain: &Toolchain) -> Result<PathBuf> {
    let status = build_command(toolchain, &["--features", "fragment"]).status()?;
    ensure!(status.success(), "the test kernel does not link with the fragment for {}", machine.target);
    keep(machine, "fragment")
}

/// The kernel with a script that discards the exception table.
fn discarding_fails(toolchain: &Toolchain) -> Result<Result<(), String>> {
    let output = build_command(toolchain, &["--features", "discard"]).output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    Ok(match (output.status.success(), said.contains(REFUSAL)) {
        (true, _) => Err("it links".to_owned()),
        (false, true) => Ok(()),
        (false, false) => Err(format!("it fails without {REFUSAL:?}:\n{said}")),
    })
}

fn build_command(toolchain: &Toolchain, more: &[&str]) -> Command {
    let mut command = toolchain.cargo("build");
    command
        .args(["--release", "--locked", "--quiet", "--package", "axptr-kernel-image"])
        .args(more)
        .current_dir(root().join("tests/kernel"))
        .env("CARGO_TARGET_DIR", folder());
    command
}

/// Puts the image where the next variant does not replace it.
fn keep(machine: &Machine, variant: &str) -> Result<PathBuf> {
    let built = folder().join(machine.target).join("release/axptr-kernel");
    let kept = built.with_file_name(format!("axptr-kernel-{variant}"));
    fs::copy(&built, &kept).with_context(|| format!("keeping {}", built.display()))?;
    Ok(kept)
}

fn folder() -> PathBuf {
    root().join("target/kernel")
}
