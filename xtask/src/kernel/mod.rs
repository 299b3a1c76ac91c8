// SPDX-License-Identifier: MIT OR Apache-2.0
//! `cargo xtask kernel`: builds the test kernel and boots it in each way it must pass, on both lines of ArceOS crates; then
//! the example kernels.

pub mod boot;
pub mod build;
mod console;
pub mod examples;
pub mod guest;
pub mod image;
pub mod living;

use anyhow::Result;

use self::boot::Boot;
use crate::{
    env::{
        need, setup,
        toolchain::{self, Toolchain},
    },
    machine::{self, Machine},
    run::report::Tally,
};

/// The words in front of the machines for those who want to see a part only: the example kernels, or the test kernel on
/// the living line.
const EXAMPLES: &str = "examples";
const LIVING: &str = "living";

/// Builds and boots the kernels for the named machines.
pub fn run(names: &[String], tally: &mut Tally) -> Result<()> {
    let (only, names) = match names.split_first() {
        Some((first, names)) if [EXAMPLES, LIVING].contains(&&**first) => (Some(&**first), names),
        _ => (None, names),
    };
    let machines = machine::chosen(names)?;
    let needs: Vec<_> = machines.iter().copied().flat_map(need::of_kernel).collect();
    setup::ensure(&needs)?;
    for machine in machines {
        let toolchain = toolchain::require(machine.target)?;
        println!("building for {}: {}", machine.target, toolchain.describe());
        if only.is_none() {
            test_kernel(machine, &toolchain, tally)?;
        }
        if only.is_none_or(|only| only == LIVING) {
            living::run(machine, &toolchain, tally)?;
        }
        if only.is_none_or(|only| only == EXAMPLES) {
            examples::run(machine, &toolchain, tally)?;
        }
    }
    Ok(())
}

/// Links the test kernel in each way, and boots it.
fn test_kernel(machine: &'static Machine, toolchain: &Toolchain, tally: &mut Tally) -> Result<()> {
    boot::run_all(boots(machine, toolchain)?, tally)?;
    tally.check(
        &format!("{}: a script that discards the table does not link", machine.name),
        build::discarding_fails(toolchain)?,
    );
    Ok(())
}

/// All boots of the test kernel on the earlier line, of each way that it is linked in.
pub fn boots(machine: &'static Machine, toolchain: &Toolchain) -> Result<Vec<Boot>> {
    let plain = build::plain(machine, toolchain)?;
    let (variant, fragment) = build::with_fragment(machine, toolchain)?;
    let mut boots = boot::of_plain_kernel(machine, &plain);
    boots.push(Boot { variant, ..Boot::new(machine, &machine.cpus[0], &fragment) });
    if let Some(target) = machine.vector_target {
        let vectors = build::with_vectors(target, &toolchain::require(target)?)?;
        let boot = Boot::new(machine, &machine.cpus[0], &vectors);
        boots.push(Boot { variant: "vectors", mode: boot::MACHINE.into(), ..boot });
    }
    Ok(boots)
}
