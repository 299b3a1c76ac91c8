// SPDX-License-Identifier: MIT OR Apache-2.0
//! `cargo xtask clients starry`: StarryOS from the registry, as published and with axptr under its system calls.

mod boot;
mod build;
mod compiler;
mod disk;
mod entry;
mod folder;
mod needs;
mod program;
mod score;
mod symbols;
mod table;
mod user_memory;

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Result;

use self::{boot::Boot, build::Variant, folder::folder, program::Programs, score::Score};
use crate::{
    env::toolchain::{self, Toolchain},
    machine::{self, Machine},
    run::report::Tally,
};

/// How many CPUs the kernels get. With four on loongarch64 both stop behind the first group of questions, without a panic, the
/// published one as well: nothing more comes in ten minutes.
fn cpu_counts(machine: &Machine) -> &'static [usize] {
    if machine.name == "loongarch64" { &[1] } else { &[1, 4] }
}

/// The word for those who want to see the edited sources only.
const SOURCES: &str = "sources";

/// Builds and boots both kernels for the named machines.
pub fn run(names: &[String], tally: &mut Tally) -> Result<()> {
    if names == [SOURCES] {
        for variant in Variant::BOTH {
            let sources = build::sources(variant)?;
            tally.check(&format!("{}: {}", variant.name(), sources.display()), Ok(()));
        }
        return Ok(());
    }
    let machines = machine::chosen(names)?;
    fs::create_dir_all(folder())?;
    needs::ensure_for(&machines)?;
    let here = program::run_here(&Programs::of_host()?.checks)?;
    tally.part("the program on this Linux", here.passed_and_failed(), here.is_full());
    for machine in machines {
        let toolchain = toolchain::require(machine.target)?;
        println!("{}: {}", machine.name, toolchain.describe());
        on(machine, &toolchain, tally)?;
    }
    Ok(())
}

fn on(machine: &'static Machine, toolchain: &Toolchain, tally: &mut Tally) -> Result<()> {
    let mut kernels = Vec::new();
    for variant in Variant::BOTH {
        match build::kernel(machine, toolchain, variant, &build::sources(variant)?)? {
            Ok(kernel) => kernels.push(kernel),
            Err(why) => {
                tally.check(&format!("{} {} builds", machine.name, variant.name()), Err(why));
                return Ok(());
            }
        }
    }
    let programs = Programs::of(machine)?;
    for &cpus in cpu_counts(machine) {
        let [base, axptr] = both(machine, &kernels, &programs.checks, cpus, false)?;
        let name = format!("{} x{cpus}", machine.name);
        table::print(&name, &base, &axptr);
        tally.check(&format!("{name} base: to its end"), base.came_to_its_end());
        tally.part(&format!("{name} axptr: full score"), axptr.passed_and_failed(), axptr.is_full());
    }
    let [base, axptr] = both(machine, &kernels, &programs.count, 1, true)?;
    let name = format!("{} instructions per call", machine.name);
    table::print_counts(&name, &base, &axptr);
    tally.check(&name, base.came_to_its_end().and(axptr.came_to_its_end()));
    Ok(())
}

/// What the program says on both kernels.
fn both(
    machine: &'static Machine,
    kernels: &[PathBuf],
    program: &Path,
    cpus: usize,
    by_instructions: bool,
) -> Result<[Score; 2]> {
    let run = |variant: Variant, kernel: &Path| {
        Boot { machine, variant, kernel, program, cpus, by_instructions }.run()
    };
    Ok([run(Variant::Base, &kernels[0])?, run(Variant::Axptr, &kernels[1])?])
}
