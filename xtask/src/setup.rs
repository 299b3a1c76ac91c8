// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the commands need and this machine lacks, and how to get it.

use anyhow::{Result, bail};

use crate::{
    apt,
    machine::{self, Machine},
    toolchain::{self, Toolchain},
};

/// Something that a command cannot do without.
#[derive(Clone, Copy, Debug)]
pub enum Need {
    /// A toolchain for this machine without an operating system.
    BareMetal(&'static Machine),
    /// The emulator of this machine.
    Qemu(&'static Machine),
    /// A part of the default toolchain, such as `clippy`.
    Component(&'static str),
}

/// What the checks of form need.
pub const FOR_STYLE: [Need; 2] = [Need::Component("fmt"), Need::Component("clippy")];

/// `cargo xtask setup`: everything that any command needs.
pub fn run() -> Result<()> {
    let machines = machine::chosen(&[])?;
    let mut needs: Vec<Need> = machines.into_iter().flat_map(for_kernel).collect();
    needs.extend(FOR_STYLE);
    ensure(&needs)?;
    for need in &needs {
        println!("{}: ok", need.name());
    }
    Ok(())
}

/// What the test kernel needs on one machine.
pub fn for_kernel(machine: &'static Machine) -> [Need; 2] {
    [Need::BareMetal(machine), Need::Qemu(machine)]
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
    let mut packages = Vec::new();
    for need in &missing {
        match need.packages() {
            Ok(found) if apt::may_install() => packages.extend(found),
            // rustup asks nothing of the system.
            _ if need.by_rustup() => {}
            found => packages.extend(found?),
        }
    }
    packages.sort();
    packages.dedup();
    if !packages.is_empty() {
        if !apt::may_install() {
            bail!("as root, run: apt-get install {}", packages.join(" "));
        }
        apt::install(&packages)?;
    }
    match missing.iter().find(|need| !need.is_met()) {
        None => Ok(()),
        Some(need) => bail!("{} is still missing after installing {packages:?}", need.name()),
    }
}

impl Need {
    fn name(&self) -> String {
        match self {
            Self::BareMetal(machine) => format!("Rust for {}", machine.target),
            Self::Qemu(machine) => machine.qemu.to_owned(),
            Self::Component(name) => format!("cargo {name}"),
        }
    }

    fn is_met(&self) -> bool {
        match self {
            Self::BareMetal(machine) => Toolchain::find(machine.target).is_some(),
            Self::Qemu(machine) => apt::on_path(machine.qemu),
            Self::Component(name) => toolchain::has_component(name),
        }
    }

    /// Lets rustup get it, if it is something of rustup's.
    fn by_rustup(&self) -> bool {
        match self {
            Self::BareMetal(machine) => {
                toolchain::rustup(&["target", "add", machine.target]) && self.is_met()
            }
            Self::Component(name) => toolchain::rustup(&["component", "add", name]) && self.is_met(),
            Self::Qemu(_) => false,
        }
    }

    fn packages(&self) -> Result<Vec<String>> {
        match self {
            Self::BareMetal(_) => toolchain::packages(),
            Self::Qemu(machine) => Ok(vec![machine.qemu_package.to_owned()]),
            Self::Component(name) => bail!("cargo {name} is missing; run: rustup component add {name}"),
        }
    }
}
