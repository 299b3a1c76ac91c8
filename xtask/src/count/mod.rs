// SPDX-License-Identifier: MIT OR Apache-2.0
//! `cargo xtask count`: instructions, accesses to user memory, and windows of each operation in the kernel, from
//! the emulator.
//!
//! They say nothing about time. But they are the same on each run, and the same as on hardware: a routine that goes by
//! bytes where it went by words, or opens the window twice, is found here.

mod checks;
mod code;
mod limits;
mod operation;
mod step;
mod table;
mod trace;

use std::{fs, path::Path};

use anyhow::{Context, Result};

use self::{
    code::Kernel,
    operation::{Figure, announced, figures},
    trace::Trace,
};
use crate::{
    audit::{decode::all, linked::image::Image},
    env::{need, setup, toolchain},
    kernel::{
        boot::{Boot, COUNT},
        build,
    },
    machine::{self, Cpu, Machine},
    root::root,
    run::report::Tally,
};

/// Boots the kernel with each processor of the named machines, prints what it counts, and holds that against what
/// must be so.
pub fn run(names: &[String], tally: &mut Tally) -> Result<()> {
    let machines = machine::chosen(names)?;
    let needs: Vec<_> = machines.iter().copied().flat_map(need::of_kernel).collect();
    setup::ensure(&needs)?;
    let limits = limits::parse(&fs::read_to_string(root().join("benches/counts.csv"))?)?;
    for machine in machines {
        let kernel = build::plain(machine, &toolchain::require(machine.target)?)?;
        for cpu in machine.cpus {
            let name = format!("{} {}", machine.name, cpu.name);
            let figures = count(machine, cpu, &kernel).with_context(|| name.clone())?;
            print!("{}", table::text(&name, &figures));
            checks::run(machine, cpu, &figures, tally);
            for limit in limits.iter().filter(|limit| limit.is_for(machine.name, cpu.name)) {
                tally.check(&format!("{name}: {}", limit.name()), limit.check(&figures));
            }
        }
    }
    Ok(())
}

/// What each operation comes to in one boot.
fn count(machine: &'static Machine, cpu: &'static Cpu, kernel: &Path) -> Result<Vec<Figure>> {
    let isa = all::chosen(&[machine.name.to_owned()])?[0];
    let code = Kernel::new(Image::read(kernel, isa.architecture)?, isa)?;
    let boot = Boot { mode: COUNT.into(), ..Boot::new(machine, cpu, kernel) };
    let mut trace = Trace::new(&code);
    let console = boot.traced(&code.filter(), |line| trace.line(line))?;
    let operations = announced(&console)?;
    let counts = trace.finish(operations.len())?;
    figures(operations, &counts)
}
