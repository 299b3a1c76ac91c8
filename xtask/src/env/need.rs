// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the commands cannot do without, whether it is there, and which packages have it.

use std::{env::consts::ARCH, path::Path};

use anyhow::{Result, bail};

use super::{apt, crates, gcc, qemu, toolchain, toolchain::Toolchain, zig};
use crate::machine::{Hosted, Linker, Loader, Machine};

/// Something that a command cannot do without.
#[derive(Clone, Copy, Debug)]
pub enum Need {
    /// A toolchain for this target without an operating system.
    BareMetal(&'static str),
    /// A toolchain for Linux on this machine.
    Hosted(&'static Machine),
    /// A linker and a C library for Linux on this machine.
    Linker(&'static Machine),
    /// An emulator, and the package that has it.
    Qemu { program: &'static str, package: &'static str },
    /// A program, and the packages that may have it: the first that there is.
    Program { program: &'static str, packages: &'static [&'static str] },
    /// A file that is no program, and the package that has it.
    File { path: &'static str, package: &'static str },
    /// A part of the default toolchain, such as `clippy`.
    Component(&'static str),
    /// A program that cargo builds from the registry, in the version that was tried.
    Crate { program: &'static str, version: &'static str },
}

/// Packages, and the suite that they come from if it is not the distribution's own choice.
type Packages = (Vec<String>, Option<String>);

/// What the checks of form need.
pub const FOR_STYLE: [Need; 2] = [Need::Component("fmt"), Need::Component("clippy")];

/// What `cargo xtask fuzz` needs.
pub const FOR_FUZZING: [Need; 1] = [Need::Crate { program: "cargo-fuzz", version: "0.13.2" }];

/// The linkers of `tests/link.rs` that come with no compiler.
const FOR_LINKS: [Need; 2] = [
    // A package of its own since binutils 2.44.
    Need::Program { program: "ld.gold", packages: &["binutils-gold", "binutils"] },
    Need::Program { program: "ld.mold", packages: &["mold"] },
];

/// What the test kernel needs on one machine.
pub fn of_kernel(machine: &'static Machine) -> Vec<Need> {
    let qemu = Need::Qemu { program: machine.qemu, package: machine.qemu_package };
    let mut needs = vec![Need::BareMetal(machine.target), qemu];
    needs.extend(machine.vector_target.map(Need::BareMetal));
    if let Loader::Uefi { firmware, package, .. } = machine.living.loader {
        needs.push(Need::File { path: firmware, package });
    }
    needs
}

/// What programs for Linux need on one machine that is not this one.
fn for_hosted(machine: &'static Machine) -> Vec<Need> {
    let qemu = Need::Qemu { program: machine.hosted.qemu[0], package: "qemu-user" };
    vec![Need::Hosted(machine), Need::Linker(machine), qemu]
}

/// What the tests in a Linux process need for one machine.
pub fn of_hosted(machine: &'static Machine) -> Vec<Need> {
    match machine.name {
        // The only machine of which tests link in many ways.
        "x86_64" if ARCH == "x86_64" => FOR_LINKS.to_vec(),
        ARCH => Vec::new(),
        _ => for_hosted(machine),
    }
}

impl Need {
    /// As messages call it.
    pub fn name(&self) -> String {
        match self {
            Self::BareMetal(target) => format!("Rust for {target}"),
            Self::Hosted(machine) => format!("Rust for {}", machine.hosted.target),
            Self::Linker(machine) => match machine.hosted.linker {
                Linker::Gcc { program, .. } => format!("{program} with a C library"),
                Linker::Zig { target } => format!("zig for {target}"),
            },
            Self::Qemu { program, .. } | Self::Program { program, .. } => (*program).to_owned(),
            Self::File { path, .. } => (*path).to_owned(),
            Self::Component(name) => format!("cargo {name}"),
            Self::Crate { program, .. } => (*program).to_owned(),
        }
    }

    /// Whether it is there.
    pub fn is_met(&self) -> bool {
        match self {
            Self::BareMetal(target) => Toolchain::find(target).is_some(),
            Self::Hosted(machine) => Toolchain::find_hosted(machine.hosted.target).is_some(),
            Self::Linker(machine) => match machine.hosted.linker {
                Linker::Gcc { program, .. } => gcc::has_c_library(program),
                Linker::Zig { .. } => zig::is_there(),
            },
            Self::Qemu { program, .. } => qemu::is_there(program),
            Self::Program { program, .. } => apt::on_path(program),
            Self::File { path, .. } => Path::new(path).is_file(),
            Self::Component(name) => toolchain::has_component(name),
            Self::Crate { program, version } => crates::is_there(program, version),
        }
    }

    /// Lets rustup get it, if it is something of rustup's.
    pub fn by_rustup(&self) -> bool {
        let (kind, name) = match self {
            Self::BareMetal(target) => ("target", *target),
            Self::Hosted(machine) => ("target", machine.hosted.target),
            Self::Component(name) => ("component", *name),
            Self::Linker(_)
            | Self::Qemu { .. }
            | Self::Program { .. }
            | Self::File { .. }
            | Self::Crate { .. } => return false,
        };
        toolchain::rustup(&[kind, "add", name]) && self.is_met()
    }

    /// The packages that have it.
    pub fn packages(&self) -> Result<Packages> {
        let packages = match self {
            Self::BareMetal(_) => toolchain::packages()?,
            Self::Hosted(_) => toolchain::packages_for_sources()?,
            Self::Linker(machine) => match machine.hosted.linker {
                Linker::Gcc { packages, .. } => packages.iter().map(|&package| package.to_owned()).collect(),
                Linker::Zig { .. } if zig::has_pip() => Vec::new(),
                Linker::Zig { .. } => vec!["python3-pip".to_owned()],
            },
            Self::Qemu { package, .. } => {
                return Ok((vec![(*package).to_owned()], qemu::suite_for(package)?));
            }
            Self::Program { program, packages } => {
                match packages.iter().find(|name| apt::candidate(name).is_some()) {
                    Some(package) => vec![(*package).to_owned()],
                    None => bail!("no {program}, and no package {} to install", packages.join(" or ")),
                }
            }
            Self::File { package, .. } => vec![(*package).to_owned()],
            Self::Crate { .. } => Vec::new(),
            Self::Component(name) => bail!("cargo {name} is missing; run: rustup component add {name}"),
        };
        Ok((packages, None))
    }

    /// What is to be done after its packages are there.
    pub fn finish(&self) -> Result<()> {
        match self {
            Self::Linker(Machine { hosted: Hosted { linker: Linker::Zig { .. }, .. }, .. }) => zig::install(),
            Self::Crate { program, version } => crates::install(program, version),
            _ => Ok(()),
        }
    }
}
