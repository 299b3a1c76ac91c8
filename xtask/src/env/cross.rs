// SPDX-License-Identifier: MIT OR Apache-2.0
//! Programs for Linux on another machine: what builds, links and runs them.

use std::process::Command;

use anyhow::{Context, Result};

use super::{cache, toolchain::Toolchain, zig};
use crate::machine::{Linker, Machine};

/// The variable that tells tests how a program of their machine is started.
const RUNNER: &str = "AXPTR_RUNNER";

/// What the manifest asks, to leave out what says nothing about a machine or a build.
pub const NO_TRYBUILD: &str = "--cfg=axptr_no_trybuild";

/// Which cargo and which linker build for Linux on one machine.
#[derive(Debug)]
pub struct Cross {
    machine: &'static Machine,
    toolchain: Toolchain,
}

impl Cross {
    /// What there is for `machine`; `cargo xtask setup` gets it.
    pub fn new(machine: &'static Machine) -> Result<Self> {
        let target = machine.hosted.target;
        let found = Toolchain::find_hosted(target);
        let toolchain = found.with_context(|| format!("no Rust for {target}; run `cargo xtask setup`"))?;
        let linker = match machine.hosted.linker {
            Linker::Gcc { program, .. } => program.into(),
            Linker::Zig { target } => zig::linker(target)?,
        };
        Ok(Self { machine, toolchain: toolchain.with_linker(linker) })
    }

    /// `cargo SUBCOMMAND` for the machine, with QEMU as the runner.
    pub fn cargo(&self, subcommand: &str) -> Command {
        let hosted = &self.machine.hosted;
        let runner = hosted.qemu.join(" ");
        let flags = match hosted.linker {
            Linker::Gcc { .. } => NO_TRYBUILD.to_owned(),
            Linker::Zig { .. } => format!("{NO_TRYBUILD} {}", zig::RUSTFLAGS),
        };
        let mut command = self.toolchain.cargo(subcommand);
        cache::share_builds(&mut command, "hosted");
        command
            .env(self.toolchain.variable("RUNNER"), &runner)
            .env(RUNNER, &runner)
            .env("RUSTFLAGS", &flags)
            .env("RUSTDOCFLAGS", &flags);
        command
    }

    /// One line for the log.
    pub fn describe(&self) -> String {
        format!("{}, {}", self.toolchain.describe(), self.machine.hosted.qemu.join(" "))
    }
}
