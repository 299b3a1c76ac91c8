// SPDX-License-Identifier: MIT OR Apache-2.0
//! `cargo xtask clients`: other people's programs and kernels from the registry, as published and with axptr inside.

mod edit;
mod starry;

use anyhow::{Result, bail};

use crate::run::report::Tally;

/// Those there are.
const NAMES: &[&str] = &["starry"];

/// Runs one client, or all of them.
pub fn run(args: &[String], tally: &mut Tally) -> Result<()> {
    let (name, args) = args.split_first().map_or(("", args), |(name, args)| (name.as_str(), args));
    match name {
        "" => starry::run(&[], tally),
        "starry" => starry::run(args, tally),
        other => bail!("no client {other:?}; there is {}", NAMES.join(", ")),
    }
}
