// SPDX-License-Identifier: MIT OR Apache-2.0
//! `cargo xtask size`: what the library adds to a kernel.

use std::{fs, path::PathBuf};

use anyhow::{Context, Result, ensure};
use object::{
    Object, ObjectSection, SectionKind,
    read::{archive::ArchiveFile, elf::ElfFile64},
};

use crate::{
    env::{need::Need, setup, toolchain},
    machine,
    root::root,
};

/// Bytes by what they cost: code, constants, the exception table, memory that is written to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sizes {
    pub text: u64,
    pub constants: u64,
    pub table: u64,
    pub mutable: u64,
}

/// Prints a row per architecture.
pub fn run() -> Result<()> {
    println!("{:<12} {:>8} {:>8} {:>8} {:>8}", "bytes of", "text", "rodata", "table", "mutable");
    for machine in machine::chosen(&[])? {
        let sizes = measure(machine)?;
        let Sizes { text, constants, table, mutable } = sizes;
        println!("{:<12} {text:>8} {constants:>8} {table:>8} {mutable:>8}", machine.name);
    }
    Ok(())
}

/// Builds the library for a kernel, default features, and adds its sections up.
pub fn measure(machine: &'static machine::Machine) -> Result<Sizes> {
    setup::ensure(&[Need::BareMetal(machine.target)])?;
    let toolchain = toolchain::require(machine.target)?;
    let folder = root().join("target/kernel");
    let status = toolchain
        .cargo("build")
        .args(["--release", "--quiet", "--package", "axptr", "--lib"])
        .env("CARGO_TARGET_DIR", &folder)
        // The target's own way, and the test kernel's, said so that both share one build of `core`.
        .env("CARGO_PROFILE_RELEASE_PANIC", "abort")
        .status()
        .context("running the bare-metal cargo")?;
    ensure!(status.success(), "the library does not build for {}", machine.target);
    add_up(folder.join(machine.target).join("release/libaxptr.rlib"))
}

fn add_up(library: PathBuf) -> Result<Sizes> {
    let data = fs::read(&library).with_context(|| format!("reading {}", library.display()))?;
    let archive = ArchiveFile::parse(&*data).context("a library is an archive")?;
    let mut sizes = Sizes::default();
    for member in archive.members() {
        let member = member?;
        // Beside the objects it holds the compiler's own data.
        if !member.name().ends_with(b".o") {
            continue;
        }
        let object: ElfFile64 = ElfFile64::parse(member.data(&*data)?)?;
        for section in object.sections() {
            sizes.add(section.name()?, section.kind(), section.size());
        }
    }
    ensure!(sizes.text > 0 && sizes.table > 0, "no code found in {}", library.display());
    Ok(sizes)
}

impl Sizes {
    fn add(&mut self, name: &str, kind: SectionKind, size: u64) {
        if name == "axptr_ex_table" {
            self.table += size;
            return;
        }
        match kind {
            // Constants that hold addresses: writable for the loader only.
            _ if name.starts_with(".data.rel.ro") => self.constants += size,
            SectionKind::Text => self.text += size,
            SectionKind::ReadOnlyData | SectionKind::ReadOnlyString | SectionKind::ReadOnlyDataWithRel => {
                self.constants += size;
            }
            SectionKind::Data | SectionKind::UninitializedData | SectionKind::Common => self.mutable += size,
            _ => {}
        }
    }
}
