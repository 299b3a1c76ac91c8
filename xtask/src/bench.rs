// SPDX-License-Identifier: MIT OR Apache-2.0
//! `cargo xtask bench`: what a check costs.

use anyhow::{Context, Result};

use crate::{report::Tally, root, toolchain};

/// Runs the benchmarks. They fail if the default mode's cost depends on the address space.
pub fn run(tally: &mut Tally) -> Result<()> {
    let status = toolchain::clean("cargo")
        .args(["bench", "--quiet", "--package", "axptr", "--bench", "checks"])
        .env("CARGO_TARGET_DIR", root().join("target/hosted"))
        .status()
        .context("running cargo")?;
    let outcome = if status.success() { Ok(()) } else { Err(status.to_string()) };
    tally.check("the default check costs the same for any address space", outcome);
    Ok(())
}
