// SPDX-License-Identifier: MIT OR Apache-2.0
//! `cargo xtask clients vm-memory`: the memory of virtual machines, from the registry, with its innermost accesses by
//! axptr. Its own tests, a guest's memory whose file shrinks, and the speed of both.

mod edits;

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail};

use crate::{
    clients::{edit::changes, sources::Package},
    env::command::clean,
    root::root,
    run::{cargo::count_tests, report::Tally},
};

/// The newest one there was.
const VM_MEMORY: Package = Package { name: "vm-memory", version: "0.18.0" };

/// All features but `xen`, which replaces the memory of all others by one of a hypervisor's.
const FEATURES: &str = "backend-mmap,backend-bitmap,backend-atomic,iommu,rawfd";

/// How many lines the edits may change: removed and added.
const MOST_CHANGES: usize = 200;

/// The folder of all of it; the program of `tests/vm-memory` names the edited package in it.
fn folder() -> PathBuf {
    root().join("target/clients/vm-memory")
}

/// Edits the package, counts the changes, runs its tests, and the program on both.
pub fn run(args: &[String], tally: &mut Tally) -> Result<()> {
    if let Some(unknown) = args.first() {
        bail!("`clients vm-memory` takes no {unknown:?}");
    }
    // Both stand alone, although they lie inside our workspace.
    let alone = "\n[workspace]\n";
    let published = VM_MEMORY.edited(&folder().join("published"), &[], alone)?;
    let manifest = format!(
        "\n[dependencies.axptr]\npath = {:?}\ndefault-features = false\n",
        root().display().to_string()
    );
    let edited = VM_MEMORY.edited(&folder(), edits::ALL, &(manifest + alone))?;
    let changed = changes::count(&published, &edited)?;
    let verdict =
        if changed == 0 || changed > MOST_CHANGES { Err("0 or too many".to_owned()) } else { Ok(()) };
    tally.check(&format!("{changed} changed lines of at most {MOST_CHANGES}"), verdict);
    for (name, package) in [("as published", &published), ("with axptr", &edited)] {
        let mut command = cargo("test", package);
        command.args(["--features", FEATURES]);
        count_tests(command, &format!("vm-memory's own tests, {name}"), tally)?;
    }
    let program = root().join("tests/vm-memory");
    let says = |word: &str| run_program(&program, word);
    tally.check("a guest's memory whose file shrinks", says("shrunk")?);
    // What is slow is shown, and is no failure; that it does not run is one.
    tally.check("the speed of both", says("speed")?);
    Ok(())
}

fn cargo(command: &str, package: &Path) -> Command {
    let mut cargo = clean("cargo");
    cargo.args([command, "--quiet"]).current_dir(package).env("CARGO_TARGET_DIR", folder().join("build"));
    // What the edits leave without a caller stays: it would count as changed.
    cargo.env("RUSTFLAGS", "-Adead-code -Aunused-imports");
    cargo
}

/// Runs the program with one word; it prints what it finds.
fn run_program(package: &Path, word: &str) -> Result<Result<(), String>> {
    let mut command = cargo("run", package);
    command.args(["--release", "--", word]).stdin(Stdio::null());
    let status = command.status().context("running cargo")?;
    Ok(if status.success() { Ok(()) } else { Err(status.to_string()) })
}
