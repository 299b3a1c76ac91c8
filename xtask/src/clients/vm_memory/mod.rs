// SPDX-License-Identifier: MIT OR Apache-2.0
//! `cargo xtask clients vm-memory`: the memory of virtual machines, from the registry, with its innermost accesses by
//! axptr. Its own tests, a guest's memory whose file shrinks, and the speed of both.

mod edits;

use anyhow::{Result, bail};

use crate::{
    clients::{
        edit::changes,
        library::{ALONE, Library},
        sources::Package,
    },
    run::{cargo::count_tests, report::Tally},
};

/// The newest one there was.
const VM_MEMORY: Package = Package { name: "vm-memory", version: "0.18.0" };

/// All features but `xen`, which replaces the memory of all others by one of a hypervisor's.
const FEATURES: &str = "backend-mmap,backend-bitmap,backend-atomic,iommu,rawfd";

/// How many lines the edits may change: removed and added.
const MOST_CHANGES: usize = 200;

const HERE: Library = Library { name: "vm-memory" };

/// Edits the package, counts the changes, runs its tests, and the program on both.
pub fn run(args: &[String], tally: &mut Tally) -> Result<()> {
    if let Some(unknown) = args.first() {
        bail!("`clients vm-memory` takes no {unknown:?}");
    }
    let published = VM_MEMORY.edited(&HERE.folder().join("published"), &[], ALONE)?;
    let manifest = Library::with_axptr() + ALONE;
    let edited = VM_MEMORY.edited(&HERE.folder(), edits::ALL, &manifest)?;
    let changed = changes::count(&published, &edited)?;
    let verdict =
        if changed == 0 || changed > MOST_CHANGES { Err("0 or too many".to_owned()) } else { Ok(()) };
    tally.check(&format!("{changed} changed lines of at most {MOST_CHANGES}"), verdict);
    for (name, package) in [("as published", &published), ("with axptr", &edited)] {
        let mut command = HERE.cargo("test", package);
        command.args(["--features", FEATURES]);
        count_tests(command, &format!("vm-memory's own tests, {name}"), tally)?;
    }
    tally.check("a guest's memory whose file shrinks", HERE.program_says("shrunk")?);
    // What is slow is shown, and is no failure; that it does not run is one.
    tally.check("the speed of both", HERE.program_says("speed")?);
    Ok(())
}
