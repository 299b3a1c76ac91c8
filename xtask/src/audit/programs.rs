// SPDX-License-Identifier: MIT OR Apache-2.0
//! The programs that are audited: the test kernel, and the sweep in a Linux process, as the other commands
//! build them.

use std::{
    env::consts::ARCH,
    path::PathBuf,
    process::{Command, Stdio},
};

use anyhow::{Context, Result, ensure};

use super::decode::isa::Isa;
use crate::{
    env::{command, cross::Cross, need, setup, toolchain},
    kernel::{build, living},
    machine::{self, Machine},
    root::root,
};

/// A linked program.
#[derive(Debug)]
pub struct Program {
    pub name: &'static str,
    pub path: PathBuf,
    pub is_kernel: bool,
    /// Its routines use vector registers, and nothing else of it differs from the kernel in front of it.
    pub saves_vectors: bool,
}

impl Program {
    /// The plain test kernel.
    pub fn kernel(path: PathBuf) -> Self {
        Self { name: "kernel", path, is_kernel: true, saves_vectors: false }
    }
}

/// The tests whose programs are audited: one goes through all routines, the other has the inlined accesses.
const TESTS: [(&str, &str); 2] = [("process", "sweep"), ("process of small cases", "small")];

/// Builds what there is to audit for a machine.
pub fn of(isa: &Isa) -> Result<Vec<Program>> {
    let machine = machine::chosen(&[isa.name.to_owned()])?[0];
    let mut needs = need::of_hosted(machine);
    needs.extend(need::of_kernel(machine));
    setup::ensure(&needs)?;
    let toolchain = toolchain::require(machine.target)?;
    let path = build::plain(machine, &toolchain)?;
    let mut programs = vec![Program::kernel(path)];
    if machine.vector_routines {
        let (_, path) = build::with_fragment(machine, &toolchain)?;
        programs.push(Program {
            name: "kernel with vector registers",
            path,
            is_kernel: true,
            saves_vectors: true,
        });
    }
    programs.extend(of_processes(machine)?);
    Ok(programs)
}

/// Builds the programs that are processes.
pub fn of_processes(machine: &'static Machine) -> Result<Vec<Program>> {
    let program = |(name, test)| -> Result<_> {
        Ok(Program { name, path: process(machine, test)?, is_kernel: false, saves_vectors: false })
    };
    TESTS.into_iter().map(program).collect()
}

/// Builds the test kernel on the living line: with the feature `ax-cpu`.
pub fn on_the_living_line(isa: &Isa) -> Result<PathBuf> {
    let machine = machine::chosen(&[isa.name.to_owned()])?[0];
    living::build(machine, &toolchain::require(machine.target)?)
}

/// Builds a test.
fn process(machine: &'static Machine, test: &str) -> Result<PathBuf> {
    let (mut command, profile) = if machine.name == ARCH {
        let mut command = command::clean("cargo");
        command.arg("test");
        (command, "release")
    } else {
        (Cross::new(machine)?.cargo("test"), "emulated")
    };
    command
        .args(["--quiet", "--no-run", "--package", "axptr", "--profile", profile, "--test", test])
        .arg("--message-format=json-render-diagnostics")
        .env("CARGO_TARGET_DIR", root().join("target/hosted"));
    built(command).with_context(|| format!("building the test {test} for {}", machine.name))
}

/// Runs a cargo that builds one program; its messages name it.
fn built(mut command: Command) -> Result<PathBuf> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output()?;
    ensure!(output.status.success(), "cargo says {}", output.status);
    let messages = String::from_utf8_lossy(&output.stdout);
    executables(&messages).last().map(PathBuf::from).context("cargo names no program")
}

/// The paths in cargo's messages of the form `"executable":"path"`.
fn executables(messages: &str) -> Vec<&str> {
    const KEY: &str = "\"executable\":\"";
    let after = messages.match_indices(KEY).map(|(at, _)| &messages[at + KEY.len()..]);
    after.filter_map(|rest| rest.split('"').next()).collect()
}

#[cfg(test)]
mod tests {
    use super::executables;

    #[test]
    fn messages_name_programs() {
        let messages = "{\"a\":1,\"executable\":null}\n{\"executable\":\"/x/sweep-1\",\"fresh\":true}\n";
        assert_eq!(executables(messages), ["/x/sweep-1"]);
    }
}
