// SPDX-License-Identifier: MIT OR Apache-2.0
//! `cargo xtask kernel`: builds the test kernel and boots it in each way it must pass.

pub mod boot;
pub mod build;
mod console;
mod guest;
mod image;

use anyhow::Result;

use self::boot::Boot;
use crate::{
    env::{need, setup, toolchain},
    machine,
    run::report::Tally,
};

/// Builds and boots the kernel for the named machines.
pub fn run(names: &[String], tally: &mut Tally) -> Result<()> {
    let machines = machine::chosen(names)?;
    let needs: Vec<_> = machines.iter().copied().flat_map(need::of_kernel).collect();
    setup::ensure(&needs)?;
    for machine in machines {
        let toolchain = toolchain::require(machine.target)?;
        println!("building for {}: {}", machine.target, toolchain.describe());
        let plain = build::plain(machine, &toolchain)?;
        let fragment = build::with_fragment(machine, &toolchain)?;
        let mut boots = boot::of_plain_kernel(machine, &plain);
        boots.push(Boot { variant: "fragment", ..Boot::new(machine, &machine.cpus[0], &fragment) });
        if let Some(target) = machine.vector_target {
            let vectors = build::with_vectors(target, &toolchain::require(target)?)?;
            let boot = Boot::new(machine, &machine.cpus[0], &vectors);
            boots.push(Boot { variant: "vectors", mode: boot::MACHINE, ..boot });
        }
        boot::run_all(boots, tally)?;
        tally.check(
            &format!("{}: a script that discards the table does not link", machine.name),
            build::discarding_fails(&toolchain)?,
        );
    }
    Ok(())
}
