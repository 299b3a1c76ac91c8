// SPDX-License-Identifier: MIT OR Apache-2.0
//! `cargo xtask clients memmap2`: mapped files, from the registry. Its own tests and examples with axptr's handler
//! in front, and a program that reads and writes mappings whose files are cut off.

use anyhow::{Result, bail};

use crate::{
    clients::{
        edit::{Change, Edit, Place},
        library::{ALONE, Library},
        sources::Package,
    },
    run::{cargo::count_tests, report::Tally},
};

/// The newest one there was; `tests/memmap2` names the same.
const MEMMAP2: Package = Package { name: "memmap2", version: "0.9.12" };

const HERE: Library = Library { name: "memmap2" };

/// The one place: before a test begins, the handler is there.
const EDITS: &[Edit] =
    &[Edit { file: "src/lib.rs", place: Place::File, change: Change::Behind(include_str!("install.rs.in")) }];

/// Runs its tests in both forms, then the program.
pub fn run(args: &[String], tally: &mut Tally) -> Result<()> {
    if let Some(unknown) = args.first() {
        bail!("`clients memmap2` takes no {unknown:?}");
    }
    let published = MEMMAP2.edited(&HERE.folder().join("published"), &[], ALONE)?;
    let manifest = Library::with_axptr() + ALONE;
    let edited = MEMMAP2.edited(&HERE.folder(), EDITS, &manifest)?;
    for (name, package) in [("as published", &published), ("with axptr's handler", &edited)] {
        count_tests(HERE.cargo("test", package), &format!("memmap2's own tests, {name}"), tally)?;
    }
    tally.check("a mapped file that has been cut off", HERE.program_says("cut")?);
    let racing = HERE.program_says("racing")?;
    tally.check("a mapped file that is cut off while it is read and written", racing);
    Ok(())
}
