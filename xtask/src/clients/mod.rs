// SPDX-License-Identifier: MIT OR Apache-2.0
//! `cargo xtask clients`: other people's programs, libraries and kernels from the registry, as published and with axptr
//! inside.

mod edit;
mod library;
mod memmap2;
mod sources;
mod starry;
mod vm_memory;
mod wasmtime;

use anyhow::{Result, bail};

use crate::run::report::Tally;

/// A client's command.
type Run = fn(&[String], &mut Tally) -> Result<()>;

/// Those there are, the quick one first.
const CLIENTS: &[(&str, Run)] = &[
    ("memmap2", memmap2::run),
    ("wasmtime", wasmtime::run),
    ("vm-memory", vm_memory::run),
    ("starry", starry::run),
];

/// Runs one client, or all of them.
pub fn run(args: &[String], tally: &mut Tally) -> Result<()> {
    let Some((name, args)) = args.split_first() else {
        return CLIENTS.iter().try_for_each(|(_, run)| run(&[], tally));
    };
    match CLIENTS.iter().find(|(client, _)| client == name) {
        Some((_, run)) => run(args, tally),
        None => {
            let names: Vec<_> = CLIENTS.iter().map(|(name, _)| *name).collect();
            bail!("no client {name:?}; there are {}", names.join(", "))
        }
    }
}
