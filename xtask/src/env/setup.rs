// SPDX-License-Identifier: MIT OR Apache-2.0
//! `cargo xtask setup`, and what each command does before it starts: installs what it needs and this machine lacks.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, bail};

use super::{
    apt,
    need::{self, Need},
};
use crate::machine;

/// `cargo xtask setup`: everything that any command needs.
pub fn run() -> Result<()> {
    let machines = machine::chosen(&[])?;
    let mut needs: Vec<Need> = machines.iter().copied().flat_map(need::of_kernel).collect();
    needs.extend(machines.into_iter().flat_map(need::of_hosted));
    needs.extend(need::FOR_STYLE);
    needs.extend(need::FOR_FUZZING);
    ensure(&needs)?;
    for need in &needs {
        println!("{}: ok", need.name());
    }
    Ok(())
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
