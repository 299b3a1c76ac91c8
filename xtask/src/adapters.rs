// SPDX-License-Identifier: MIT OR Apache-2.0
//! The packages in `adapters`: axptr behind other crates' interfaces, tested with those crates.

use std::process::Command;

use anyhow::Result;

use crate::{
    root::root,
    run::{
        cargo::{cargo, count_tests, succeeds},
        report::Tally,
    },
};

const NAMES: &[&str] = &["starry-vm"];

/// Runs their tests, in a process on this machine.
pub fn test(tally: &mut Tally) -> Result<()> {
    NAMES.iter().try_for_each(|name| {
        count_tests(within(name, &["test", "--quiet"]), &format!("adapter for {name}"), tally)
    })
}

/// Checks their formatting and their lints.
pub fn form(tally: &mut Tally) -> Result<()> {
    for name in NAMES {
        let formatting = succeeds(within(name, &["fmt", "--all", "--check"]))?;
        tally.check(&format!("formatting of the adapter for {name}"), formatting);
        let lints = succeeds(within(name, &["clippy", "--quiet", "--all-targets", "--", "-Dwarnings"]))?;
        tally.check(&format!("lints of the adapter for {name}"), lints);
    }
    Ok(())
}

fn within(name: &str, args: &[&str]) -> Command {
    let mut command = cargo(args);
    // The other crates need unstable features: that is why each adapter is a workspace of its own.
    command.current_dir(root().join("adapters").join(name)).env("RUSTC_BOOTSTRAP", "1");
    command
}
