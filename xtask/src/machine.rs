// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the commands know of each machine: one table.

use anyhow::{Context, Result};

/// One architecture that the test kernel runs on.
#[derive(Debug)]
pub struct Machine {
    /// Its name on the command line.
    pub name: &'static str,
    /// The bare-metal target.
    pub target: &'static str,
    /// The emulator, and the package that has it.
    pub qemu: &'static str,
    pub qemu_package: &'static str,
    /// The emulated board and its memory.
    pub board: &'static [&'static str],
    /// The processors that all cases run on: with and without the optional features.
    pub cpus: &'static [Cpu],
    /// How the panics of the kernel's own trap handler begin.
    pub fault_panics: &'static [&'static str],
}

/// One emulated processor.
#[derive(Debug)]
pub struct Cpu {
    /// QEMU's name for it.
    pub name: &'static str,
    /// The features that cases depend on, as the kernel must find them.
    pub features: &'static [&'static str],
}

const ALL: &[Machine] = &[Machine {
    name: "x86_64",
    target: "x86_64-unknown-none",
    qemu: "qemu-system-x86_64",
    qemu_package: "qemu-system-x86",
    board: &["-machine", "q35", "-m", "128M"],
    cpus: &[Cpu { name: "max", features: &["erms", "smap", "pku"] }, Cpu { name: "qemu64", features: &[] }],
    fault_panics: &["Unhandled #PF @ ", "#GP @ "],
}];

/// The machines of these names; without a name, all.
pub fn chosen(names: &[String]) -> Result<Vec<&'static Machine>> {
    if names.is_empty() {
        return Ok(ALL.iter().collect());
    }
    names.iter().map(|name| by_name(name)).collect()
}

fn by_name(name: &str) -> Result<&'static Machine> {
    ALL.iter().find(|machine| machine.name == name).with_context(|| {
        let known: Vec<_> = ALL.iter().map(|machine| machine.name).collect();
        format!("no test kernel for {name:?}; there is one for {}", known.join(", "))
    })
}
