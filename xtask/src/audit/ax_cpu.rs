// SPDX-License-Identifier: MIT OR Apache-2.0
//! The feature `ax-cpu`: whether each entry stands in the table of ax-cpu that it belongs to, in the linked kernel.
//!
//! The format is read here as ax-cpu's documentation has it, and not as `src/extable/ax_cpu.rs` reads it.

use std::path::Path;

use anyhow::{Context, Result};

use super::{
    decode::isa::Isa,
    linked::{
        entry::{Entry, NO_FAULT},
        image::Image,
    },
};
use crate::run::report::Tally;

/// Where execution goes on after a fault at an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Recovery {
    insn: u64,
    landing: u64,
}

/// What ax-cpu searches: before it asks the kernel's hook, and behind that.
#[derive(Clone, Debug)]
struct Tables {
    before_hook: Vec<Recovery>,
    behind_hook: Vec<Recovery>,
}

/// Audits a kernel that is linked with the feature, and puts defects into what was read.
pub fn audit(isa: &Isa, path: &Path, tally: &mut Tally) -> Result<()> {
    let image = Image::read(path, isa.architecture)?;
    let name = format!("{} living kernel", isa.name);
    let own = image.entries().map_err(anyhow::Error::msg)?;
    let is_from_start = isa.name == "riscv64";
    let table = |start: &str, end: &str| read(&image, start, end, is_from_start);
    let tables = Tables {
        before_hook: table("_nofault_ex_table_start", "_nofault_ex_table_end")?,
        behind_hook: table("_ex_table_start", "_ex_table_end")?,
    };
    let Tables { before_hook, behind_hook } = &tables;
    println!(
        "{name}: {} entries; of ax-cpu's, {} before the hook and {} behind it",
        own.len(),
        before_hook.len(),
        behind_hook.len()
    );
    let wrong = faults(&own, &tables);
    let outcome =
        wrong.first().map_or(Ok(()), |first| Err(format!("{} of them, first {first}", wrong.len())));
    tally.check(&format!("{name}: each entry stands in ax-cpu's table, and in the right one"), outcome);
    let missed: Vec<_> =
        defects(&own, &tables).into_iter().filter(|(_, made)| faults(&own, made).is_empty()).collect();
    let seen = if missed.is_empty() { Ok(()) } else { Err(format!("not seen: {missed:?}")) };
    tally.check(&format!("{name}: a lost, moved or bent entry of ax-cpu's is found"), seen);
    Ok(())
}

/// The table between two symbols: an instruction and a landing of 32 bits each.
fn read(image: &Image, start: &str, end: &str, is_from_start: bool) -> Result<Vec<Recovery>> {
    let place = |symbol: &str| image.name(symbol).with_context(|| format!("no symbol {symbol}"));
    let (start, end) = (place(start)?, place(end)?);
    let len = usize::try_from(end.checked_sub(start).context("the symbols are reversed")?)?;
    let bytes = image.at(start).and_then(|bytes| bytes.get(..len)).context("the table is not loaded")?;
    let (words, rest) = bytes.as_chunks::<4>();
    anyhow::ensure!(rest.is_empty() && words.len().is_multiple_of(2), "the table is torn: {len} bytes");
    let target = |index: usize| {
        let from = if is_from_start { start } else { start + 4 * index as u64 };
        from.wrapping_add_signed(i32::from_le_bytes(words[index]).into())
    };
    Ok((0..words.len()).step_by(2).map(|at| Recovery { insn: target(at), landing: target(at + 1) }).collect())
}

/// Which entries ax-cpu does not have in their place, and which of ax-cpu's say something else of our instructions.
fn faults(own: &[Entry], tables: &Tables) -> Vec<String> {
    let mut faults = Vec::new();
    for entry in own {
        let wanted = Recovery { insn: entry.insn, landing: entry.landing };
        let is_nofault = entry.flags & NO_FAULT != 0;
        for (table, belongs) in [(&tables.before_hook, is_nofault), (&tables.behind_hook, !is_nofault)] {
            let found: Vec<_> = table.iter().filter(|one| one.insn == entry.insn).collect();
            if found.iter().any(|one| **one != wanted) || found.is_empty() == belongs {
                faults.push(format!(
                    "{:#x}: {found:x?}, in the {} table",
                    entry.insn,
                    if belongs { "right" } else { "wrong" }
                ));
            }
        }
    }
    faults
}

/// The tables with one defect each.
fn defects(own: &[Entry], tables: &Tables) -> Vec<(String, Tables)> {
    let mut defects = Vec::new();
    for entry in [own.first(), own.get(own.len() / 2), own.last()].into_iter().flatten() {
        let mut made = |what: &str, change: fn(&mut Vec<Recovery>, &mut Vec<Recovery>, usize)| {
            let mut tables = tables.clone();
            let (from, to) = if entry.flags & NO_FAULT != 0 {
                (&mut tables.before_hook, &mut tables.behind_hook)
            } else {
                (&mut tables.behind_hook, &mut tables.before_hook)
            };
            if let Some(index) = from.iter().position(|one| one.insn == entry.insn) {
                change(from, to, index);
            }
            defects.push((format!("{what} {:#x}", entry.insn), tables));
        };
        made("lost", |from, _, index| _ = from.remove(index));
        made("moved", |from, to, index| to.push(from.remove(index)));
        made("bent", |from, _, index| from[index].landing += 4);
    }
    defects
}
