// SPDX-License-Identifier: MIT OR Apache-2.0
//! `cargo xtask clients wasmtime`: an engine for WebAssembly, from the registry and as published, whose traps are signals as
//! axptr's faults are. Its package has no tests; the program in `tests/wasmtime` names its version.

use anyhow::{Result, bail};

use crate::{clients::library::Library, run::report::Tally};

const HERE: Library = Library { name: "wasmtime" };

/// Runs the program with axptr's handler behind the engine's, and in front of it.
pub fn run(args: &[String], tally: &mut Tally) -> Result<()> {
    if let Some(unknown) = args.first() {
        bail!("`clients wasmtime` takes no {unknown:?}");
    }
    let behind = HERE.program_says("before")?;
    tally.check("an engine's traps and axptr's faults, its handler installed first", behind);
    let front = HERE.program_says("behind")?;
    tally.check("an engine's traps and axptr's faults, its handler installed last", front);
    Ok(())
}
