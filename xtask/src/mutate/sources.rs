// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is changed: a machine's assembly, and the trap side as that machine has it.

use std::{fs, path::Path};

use anyhow::{Context, Result};

use super::{
    assembly::{self, Surroundings},
    change::Change,
    dialect::Dialect,
    rust,
};

const MACHINES: [&str; 4] = ["x86_64", "aarch64", "riscv64", "loongarch64"];

/// The folders of the trap side: what a fault comes through.
const TRAP_SIDE: [&str; 3] = ["src/arch", "src/extable", "src/recovery"];

/// All mutations of a file.
#[derive(Debug)]
pub struct Source {
    pub changes: Vec<Change>,
    /// Lines that can be changed.
    pub lines: usize,
}

/// Those of a machine, below a root: of its assembly, and of the trap side.
pub fn of(root: &Path, dialect: &Dialect) -> Result<[Vec<Source>; 2]> {
    let mut assembly = vec!["asm/entry.S".to_owned()];
    walk(root, &format!("asm/{}", dialect.name), &mut assembly)?;
    let mut trap = Vec::new();
    for folder in TRAP_SIDE {
        walk(root, folder, &mut trap)?;
    }
    trap.retain(|file| !is_of_another(file, dialect.name));
    let read = |file: &String| {
        let text = fs::read_to_string(root.join(file)).with_context(|| format!("reading {file}"))?;
        source(file, &text, dialect)
    };
    let all = |files: Vec<String>| files.iter().map(read).collect::<Result<Vec<_>>>();
    Ok([all(assembly)?, all(trap)?])
}

/// Whether a file is that of another machine.
fn is_of_another(file: &str, machine: &str) -> bool {
    let mut parts = file.split('/').map(|part| part.trim_end_matches(".rs"));
    parts.any(|part| part != machine && MACHINES.contains(&part))
}

/// Whether all machines have the file.
pub fn is_of_all(file: &str) -> bool {
    !is_of_another(file, "")
}

/// The files below a folder, in the order of their names.
fn walk(root: &Path, folder: &str, files: &mut Vec<String>) -> Result<()> {
    let entries = fs::read_dir(root.join(folder)).with_context(|| format!("reading {folder}"))?;
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry?;
        names.push((entry.file_name().to_string_lossy().into_owned(), entry.file_type()?.is_dir()));
    }
    names.sort();
    for (name, is_folder) in names {
        let path = format!("{folder}/{name}");
        if is_folder {
            walk(root, &path, files)?;
        } else if [".rs", ".S"].iter().any(|it| name.ends_with(it)) {
            files.push(path);
        }
    }
    Ok(())
}

fn source(file: &str, text: &str, dialect: &Dialect) -> Result<Source> {
    let lines: Vec<_> = text.lines().collect();
    let edits = if file.ends_with(".S") {
        of_assembly(&lines, dialect)
    } else {
        rust::edits(text, dialect).with_context(|| file.to_owned())?
    };
    let mut changes: Vec<Change> = Vec::new();
    for (line, edit) in edits {
        changes.extend(Change::new(file, line, lines[line - 1], &edit));
    }
    let mut of: Vec<_> = changes.iter().map(|change| change.line).collect();
    of.sort_unstable();
    of.dedup();
    Ok(Source { changes, lines: of.len() })
}

/// A routine is what stands in a macro, or between two.
fn of_assembly(lines: &[&str], dialect: &Dialect) -> Vec<(usize, super::change::Edit)> {
    let mut edits = Vec::new();
    let mut start = 0;
    for end in 0..=lines.len() {
        let is_end =
            lines.get(end).is_none_or(|line| line.starts_with(".macro") || line.starts_with(".endm"));
        if !is_end {
            continue;
        }
        let routine = &lines[start..end];
        let around = Surroundings::of(routine.iter().copied(), dialect);
        for (number, line) in routine.iter().enumerate() {
            let of_line = assembly::edits(line, &around, dialect).into_iter();
            edits.extend(of_line.map(|edit| (start + number + 1, edit)));
        }
        start = end + 1;
    }
    edits
}

#[cfg(test)]
mod tests {
    use super::{is_of_all, is_of_another, of, of_assembly};
    use crate::{
        mutate::{
            change::Kind,
            dialect::{self, X86_64},
        },
        root::home,
    };

    #[test]
    fn a_machine_has_its_own_files_and_those_of_all() {
        let is_of = |file| !is_of_another(file, "x86_64");
        assert!(is_of("asm/x86_64/copy.S") && is_of("src/recovery/trap.rs"));
        assert!(!is_of("src/recovery/syndrome/aarch64.rs") && !is_of("src/arch/riscv64/mod.rs"));
        assert!(is_of_all("src/recovery/trap.rs") && !is_of_all("src/recovery/syndrome/aarch64.rs"));
    }

    #[test]
    fn registers_and_labels_are_those_of_the_routine() {
        let lines = [".macro one", "    mov rax, rcx", ".endm", ".macro two", "    mov rdx, rsi", ".endm"];
        let edits = of_assembly(&lines, &X86_64);
        let mut registers: Vec<_> = edits
            .iter()
            .filter(|(_, edit)| edit.kind == Kind::Register)
            .map(|(line, edit)| (*line, &*edit.text))
            .collect();
        registers.sort_unstable();
        assert_eq!(registers, [(2, "rax"), (2, "rcx"), (5, "rdx"), (5, "rsi")]);
    }

    #[test]
    fn every_machine_has_mutations_of_all_kinds_that_apply() {
        for machine in super::MACHINES {
            let sides = of(home(), dialect::of(machine).expect("there is one")).expect("the files are there");
            for kind in
                ["constant", "register", "condition", "deleted", "width", "label", "flags", "operation"]
            {
                let of_kind = |change: &&crate::mutate::change::Change| change.kind.name() == kind;
                let some = sides.iter().flatten().flat_map(|source| &source.changes).find(of_kind);
                let some = some.unwrap_or_else(|| panic!("{machine} has none of the kind {kind}"));
                let text = std::fs::read_to_string(home().join(&some.file)).expect("it is there");
                assert_ne!(some.applied(&text).expect("the line is there"), text);
            }
        }
    }
}
