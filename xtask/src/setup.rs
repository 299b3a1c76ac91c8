// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the commands need and this machine lacks, and how to get it.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, bail};

use crate::{
    apt, cross, hosted,
    machine::{self, Hosted, Linker, Machine},
    qemu,
    toolchain::{self, Toolchain},
    zig,
};

/// Something that a command cannot do without.
#[derive(Clone, Copy, Debug)]
pub enum Need {
    /// A toolchain for this machine without an operating system.
    BareMetal(&'static Machine),
    /// A toolchain for Linux on this machine.
    Hosted(&'static Machine),
    /// A linker and a C library for Linux on this machine.
    Linker(&'static Machine),
    /// An emulator, and the package that has it.
    Qemu { program: &'static str, package: &'static str },
    /// A program, and the packages that may have it: the first that there is.
    Program { program: &'static str, packages: &'static [&'static str] },
    /// A part of the default toolchain, such as `clippy`.
    Component(&'static str),
}

/// Packages, and the suite that they come from if it is not the distribution's own choice.
type Packages = (Vec<String>, Option<String>);

/// What the checks of form need.
pub const FOR_STYLE: [Need; 2] = [Need::Component("fmt"), Need::Component("clippy")];

/// The linkers of `tests/link.rs` that come with no compiler.
pub const FOR_LINKS: [Need; 2] = [
    // A package of its own since binutils 2.44.
    Need::Program { program: "ld.gold", packages: &["binutils-gold", "binutils"] },
    Need::Program { program: "ld.mold", packages: &["mold"] },
];

/// `cargo xtask setup`: everything that any command needs.
pub fn run() -> Result<()> {
    let machines = machine::chosen(&[])?;
    let mut needs: Vec<Need> = machines.iter().copied().flat_map(for_kernel).collect();
    needs.extend(machines.into_iter().flat_map(hosted::needs));
    needs.extend(FOR_STYLE);
    ensure(&needs)?;
    for need in &needs {
        println!("{}: ok", need.name());
    }
    Ok(())
}

/// What the test kernel needs on one machine.
pub fn for_kernel(machine: &'static Machine) -> [Need; 2] {
    let qemu = Need::Qemu { program: machine.qemu, package: machine.qemu_package };
    [Need::BareMetal(machine), qemu]
}

/// What programs for Linux need on one machine that is not this one.
pub fn for_hosted(machine: &'static Machine) -> Vec<Need> {
    let qemu = Need::Qemu { program: machine.hosted.qemu[0], package: "qemu-user" };
    vec![Need::Hosted(machine), Need::Linker(machine), qemu]
}

/// Installs what is missing of these.
///
/// # Errors
///
/// Fails, and names the remedy, where it may not install or there is nothing to install.
pub fn ensure(needs: &[Need]) -> Result<()> {
    let missing: Vec<Need> = needs.iter().filter(|need| !need.is_met()).copied().collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names: Vec<String> = missing.iter().map(Need::name).collect();
    eprintln!("missing: {}", names.join(", "));

    if apt::may_install() {
        apt::update()?;
    }
    let mut by_suite = BTreeMap::<Option<String>, BTreeSet<String>>::new();
    for need in &missing {
        let (packages, suite) = match need.packages() {
            Ok(found) if apt::may_install() => found,
            // rustup asks nothing of the system.
            _ if need.by_rustup() => continue,
            found => found?,
        };
        if !packages.is_empty() {
            by_suite.entry(suite).or_default().extend(packages);
        }
    }
    install(&by_suite)?;
    for need in missing {
        need.finish()?;
        if !need.is_met() {
            bail!("{} is still missing after installing {by_suite:?}", need.name());
        }
    }
    Ok(())
}

fn install(by_suite: &BTreeMap<Option<String>, BTreeSet<String>>) -> Result<()> {
    let mut by_hand = Vec::new();
    for (suite, packages) in by_suite {
        let packages: Vec<String> = packages.iter().cloned().collect();
        if apt::may_install() {
            apt::install(&packages, suite.as_deref())?;
        } else {
            let suite = suite.as_ref().map_or(String::new(), |suite| format!("-t {suite} "));
            by_hand.push(format!("apt-get install {suite}{}", packages.join(" ")));
        }
    }
    if !by_hand.is_empty() {
        bail!("as root, run: {}", by_hand.join(" && "));
    }
    Ok(())
}

impl Need {
    fn name(&self) -> String {
        match self {
            Self::BareMetal(machine) => format!("Rust for {}", machine.target),
            Self::Hosted(machine) => format!("Rust for {}", machine.hosted.target),
            Self::Linker(machine) => match machine.hosted.linker {
                Linker::Gcc { program, .. } => format!("{program} with a C library"),
                Linker::Zig { target } => format!("zig for {target}"),
            },
            Self::Qemu { program, .. } | Self::Program { program, .. } => (*program).to_owned(),
            Self::Component(name) => format!("cargo {name}"),
        }
    }

    fn is_met(&self) -> bool {
        match self {
            Self::BareMetal(machine) => Toolchain::find(machine.target).is_some(),
            Self::Hosted(machine) => Toolchain::find_hosted(machine.hosted.target).is_some(),
            Self::Linker(machine) => match machine.hosted.linker {
                Linker::Gcc { program, .. } => cross::has_c_library(program),
                Linker::Zig { .. } => zig::is_there(),
            },
            Self::Qemu { program, .. } => qemu::is_there(program),
            Self::Program { program, .. } => apt::on_path(program),
            Self::Component(name) => toolchain::has_component(name),
        }
    }

    /// Lets rustup get it, if it is something of rustup's.
    fn by_rustup(&self) -> bool {
        let (kind, name) = match self {
            Self::BareMetal(machine) => ("target", machine.target),
            Self::Hosted(machine) => ("target", machine.hosted.target),
            Self::Component(name) => ("component", *name),
            Self::Linker(_) | Self::Qemu { .. } | Self::Program { .. } => return false,
        };
        toolchain::rustup(&[kind, "add", name]) && self.is_met()
    }

    fn packages(&self) -> Result<Packages> {
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
            Self::Component(name) => bail!("cargo {name} is missing; run: rustup component add {name}"),
        };
        Ok((packages, None))
    }

    /// What is to be done after its packages are there.
    fn finish(&self) -> Result<()> {
        match self {
            Self::Linker(Machine { hosted: Hosted { linker: Linker::Zig { .. }, .. }, .. }) => zig::install(),
            _ => Ok(()),
        }
    }
}
