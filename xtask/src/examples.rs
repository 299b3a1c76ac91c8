// SPDX-License-Identifier: MIT OR Apache-2.0
//! The examples, as tests: each must end well.

use std::process::Stdio;

use anyhow::{Context, Result};

use crate::run::{
    cargo::{cargo, succeeds},
    report::Tally,
};

/// Runs all of them on this machine.
pub fn run(tally: &mut Tally) -> Result<()> {
    for name in ["own_space", "bulk_transfer"] {
        let command = cargo(&["run", "--quiet", "--package", "axptr", "--example", name]);
        tally.check(&format!("example {name}"), succeeds(command)?);
    }
    recover(tally)
}

/// Runs `recover`, whose last line must say that no byte was wrong.
fn recover(tally: &mut Tally) -> Result<()> {
    let mut command = cargo(&["run", "--quiet", "--package", "axptr", "--example", "recover"]);
    let output =
        command.stdin(Stdio::null()).stderr(Stdio::inherit()).output().context("running the example")?;
    let text = String::from_utf8_lossy(&output.stdout);
    print!("{text}");
    let last = text.lines().next_back().unwrap_or_default();
    let right = output.status.success() && last.starts_with("recovered ") && last.ends_with(" 0 bytes wrong");
    let outcome = if right { Ok(()) } else { Err(format!("{}, last line {last:?}", output.status)) };
    tally.check("example recover", outcome);
    Ok(())
}
