// SPDX-License-Identifier: MIT OR Apache-2.0
//! The symbol table that the kernel looks for in itself: without it its boot ends in a panic.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    fs,
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context, Result, ensure};
use object::{Object, ObjectSection, ObjectSymbol, SymbolKind};

/// The section that the kernel's script keeps free for it.
const SECTION: &str = ".kallsyms";

/// Writes the table of the kernel's functions into the kernel, by the program that makes it.
pub fn write(kernel: &Path, maker: &Path) -> Result<()> {
    let mut data = fs::read(kernel).with_context(|| format!("reading {}", kernel.display()))?;
    let (list, range) = {
        let file = object::File::parse(&*data)?;
        let section = file.section_by_name(SECTION).with_context(|| format!("no section {SECTION}"))?;
        let (start, size) = section.file_range().with_context(|| format!("{SECTION} is not in the file"))?;
        (list(&file)?, start as usize..(start + size) as usize)
    };
    let table = make(maker, list)?;
    let place = data.get_mut(range).context("the section ends behind the file")?;
    ensure!(table.len() <= place.len(), "the table has {} bytes, {SECTION} {}", table.len(), place.len());
    place.fill(0);
    place[..table.len()].copy_from_slice(&table);
    fs::write(kernel, data).with_context(|| format!("writing {}", kernel.display()))
}

/// A line `address T name` for each function, by address.
fn list(file: &object::File<'_>) -> Result<String> {
    let functions: BTreeSet<_> = file
        .symbols()
        .filter(|symbol| symbol.kind() == SymbolKind::Text && symbol.is_definition())
        .filter_map(|symbol| Some((symbol.address(), symbol.name().ok()?)))
        .filter(|(_, name)| !name.is_empty() && !name.contains(char::is_whitespace))
        .collect();
    let mut lines = String::new();
    for (address, name) in functions {
        writeln!(lines, "{address:016x} T {name}")?;
    }
    Ok(lines)
}

fn make(maker: &Path, list: String) -> Result<Vec<u8>> {
    let mut child = Command::new(maker)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .with_context(|| format!("running {}", maker.display()))?;
    let mut input = child.stdin.take().context("the input is a pipe")?;
    // It reads all before it writes; still, nobody should have to know.
    let writer = std::thread::spawn(move || input.write_all(list.as_bytes()));
    let output = child.wait_with_output()?;
    ensure!(output.status.success(), "{} ended with {}", maker.display(), output.status);
    writer.join().ok().context("the writer has panicked")??;
    Ok(output.stdout)
}
