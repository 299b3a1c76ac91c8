// SPDX-License-Identifier: MIT OR Apache-2.0
//! The examples, as tests: each must end well.

use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use crate::run::{
    cargo::{cargo, succeeds},
    report::Tally,
};

/// What cargo needs to know of the one that says by its last line how it went.
pub const RECOVER: [&str; 4] = ["--package", "axptr", "--example", "recover"];

/// Runs all of them on this machine.
pub fn run(tally: &mut Tally) -> Result<()> {
    for name in ["own_space", "bulk_transfer"] {
        let command = cargo(&["run", "--quiet", "--package", "axptr", "--example", name]);
        tally.check(&format!("example {name}"), succeeds(command)?);
    }
    let mut command = cargo(&["run", "--quiet"]);
    command.args(RECOVER);
    recover(command, "example recover", tally)
}

/// Runs `recover`, whose last line must say that no byte was wrong.
pub fn recover(mut command: Command, name: &str, tally: &mut Tally) -> Result<()> {
    let output =
        command.stdin(Stdio::null()).stderr(Stdio::inherit()).output().context("running the example")?;
    let text = String::from_utf8_lossy(&output.stdout);
    print!("{text}");
    let last = text.lines().next_back().unwrap_or_default();
    let right = output.status.success() && last.starts_with("recovered ") && last.ends_with(" 0 bytes wrong");
    let outcome = if right { Ok(()) } else { Err(format!("{}, last line {last:?}", output.status)) };
    tally.check(name, outcome);
    Ok(())
}
