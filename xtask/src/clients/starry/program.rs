// SPDX-License-Identifier: MIT OR Apache-2.0
//! The programs that the kernel runs: `tests/starry`, in C, for each machine and for this one.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};

use super::{folder::folder, needs, score::Score};
use crate::{machine::Machine, root::root};

/// Both programs for one machine.
#[derive(Debug)]
pub struct Programs {
    /// Checks what system calls answer.
    pub checks: PathBuf,
    /// Counts what they cost.
    pub count: PathBuf,
}

impl Programs {
    /// Builds them for a machine.
    pub fn of(machine: &Machine) -> Result<Self> {
        build(machine.name, Some(needs::c_compiler(machine)))
    }

    /// Builds them for the machine that we are on.
    pub fn of_host() -> Result<Self> {
        build(std::env::consts::ARCH, None)
    }
}

fn build(arch: &str, compiler: Option<String>) -> Result<Programs> {
    let out = folder().join(if compiler.is_some() { "programs" } else { "host" });
    fs::create_dir_all(&out)?;
    let mut command = Command::new("sh");
    command.arg(root().join("tests/starry/build.sh")).arg(arch).arg(&out);
    if let Some(compiler) = compiler {
        command.env("CC", compiler);
    }
    ensure!(command.status().context("running sh")?.success(), "tests/starry does not build for {arch}");
    let program = |name: &str| out.join(format!("{name}-{arch}"));
    Ok(Programs { checks: program("program"), count: program("count") })
}

/// What the program says here, on Linux: the measure of all others.
pub fn run_here(program: &Path) -> Result<Score> {
    let output = Command::new(program).output().with_context(|| format!("running {}", program.display()))?;
    let said = String::from_utf8_lossy(&output.stdout);
    let mut score = Score::default();
    said.lines().for_each(|line| score.read(line));
    if !output.status.success() {
        score.fail(format!("the program ended with {}", output.status));
    }
    Ok(score)
}
