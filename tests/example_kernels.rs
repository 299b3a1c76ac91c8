// SPDX-License-Identifier: MIT OR Apache-2.0
//! The kernels of `examples/kernels`: each is small and is booted, and its README shows the lines that axptr adds.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// What a kernel may have: lines, and characters in one.
const MOST_LINES: usize = 300;
const MOST_COLUMNS: usize = 120;

/// In how many lines a README says what axptr adds, in front of the lines themselves.
const MOST_ROWS: usize = 10;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What is in a folder.
fn list(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

/// The names of the kernels, by their folders.
fn kernels() -> BTreeSet<String> {
    let folders = list(&root().join("examples/kernels")).into_iter();
    let kernels = folders.filter(|folder| folder.join("src/main.rs").is_file());
    kernels.map(|folder| folder.file_name().unwrap().to_str().unwrap().to_owned()).collect()
}

fn folder(kernel: &str) -> PathBuf {
    root().join("examples/kernels").join(kernel)
}

/// What a kernel consists of. Its folder `machine` does not count: the way from the boot loader, a console, the program
/// that it runs. Each kernel has that of its own, whether with axptr or without.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut sources = vec![folder.join("build.rs")];
    sources.extend(Some(folder.join("kernel.ld")).filter(|script| script.is_file()));
    let mut folders = vec![folder.join("src")];
    while let Some(next) = folders.pop() {
        let (more, files): (Vec<_>, Vec<_>) = list(&next).into_iter().partition(|path| path.is_dir());
        folders.extend(more);
        sources.extend(files);
    }
    sources
}

#[test]
fn each_kernel_is_booted() {
    let command = read(&root().join("xtask/src/kernel/examples.rs"));
    let booted: BTreeSet<_> = command
        .split("folder: EXAMPLES,\n        name: \"")
        .skip(1)
        .map(|behind| behind.split('"').next().unwrap().to_owned())
        .collect();
    assert_eq!(booted, kernels());
    assert!(booted.len() > 1, "{booted:?}");
}

#[test]
fn each_kernel_is_small() {
    for kernel in kernels() {
        let mut lines = 0;
        for source in sources(&folder(&kernel)) {
            let text = read(&source);
            lines += text.lines().count();
            let long = text.lines().find(|line| line.chars().count() > MOST_COLUMNS);
            assert_eq!(long, None, "{}", source.display());
        }
        assert!((1..=MOST_LINES).contains(&lines), "{kernel} has {lines} lines, not {MOST_LINES}");
    }
}

#[test]
fn each_readme_shows_and_counts_what_axptr_adds() {
    for kernel in kernels() {
        let folder = folder(&kernel);
        let readme = read(&folder.join("README.md"));
        let (_, behind) = readme.split_once("```diff\n").unwrap_or_else(|| panic!("{kernel} shows no lines"));
        let (diff, behind) = behind.split_once("\n```\n").unwrap();
        let added = added_lines(&folder, diff);
        let claim = format!("{} lines.", added.len());
        assert!(behind.lines().any(|line| line == claim), "{kernel}: no line {claim:?} behind the diff");
        let counted = BTreeMap::from_iter(rows(&readme));
        let mut shown = BTreeMap::new();
        added.iter().for_each(|(file, _)| *shown.entry(file.clone()).or_insert(0) += 1);
        assert_eq!(counted, shown, "{kernel}");
        assert!(counted.len() + 2 <= MOST_ROWS, "{kernel} says it in {} lines", counted.len() + 2);
        for line in lines_that_name_axptr(&folder) {
            assert!(added.contains(&line), "{kernel} does not show {line:?}");
        }
    }
}

/// The table in front of the diff: how many lines of which file.
fn rows(readme: &str) -> impl Iterator<Item = (String, usize)> {
    let (_, behind) = readme.split_once("file | lines | what\n---|---|---\n").expect("a table of files");
    let rows = behind.lines().take_while(|line| !line.is_empty());
    rows.map(|row| {
        let [file, lines, what] = row.split(" | ").collect::<Vec<_>>()[..] else { panic!("{row}") };
        assert!(!what.is_empty(), "{row}");
        (file.trim_matches('`').to_owned(), lines.parse().unwrap())
    })
}

/// A file of a kernel, by its path in the folder, and a line of it.
type Line = (String, String);

/// The lines that a README shows as added, in the way of `git diff`. Each line that it shows is in the file that it
/// names, and behind the one before.
fn added_lines(folder: &Path, diff: &str) -> Vec<Line> {
    let mut added = Vec::new();
    let (mut name, mut source) = (String::new(), String::new());
    let mut rest = source.lines();
    for line in diff.lines() {
        if let Some(next) = line.strip_prefix("+++ b/") {
            name = next.to_owned();
            source = read(&folder.join(next));
            rest = source.lines();
            continue;
        }
        if line.starts_with("--- a/") || line.starts_with("@@ ") {
            continue;
        }
        let shown =
            line.strip_prefix(['+', ' ']).unwrap_or_else(|| panic!("neither added nor there: {line}"));
        assert!(rest.any(|there| there == shown), "not in the sources, or not here: {line}");
        if line.starts_with('+') {
            added.push((name.clone(), shown.to_owned()));
        }
    }
    added
}

/// The lines that could not be there without axptr. The system calls are what it is there for: they are not counted.
fn lines_that_name_axptr(folder: &Path) -> Vec<Line> {
    let mut found = Vec::new();
    for path in sources(folder).into_iter().chain([folder.join("Cargo.toml")]) {
        let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
        let text = read(&path);
        let named = text.lines().filter(|line| {
            let is_comment = line.trim_start().starts_with("//");
            let names = ["axptr::", "axptr =", "DEP_AXPTR_LINKER"].iter().any(|word| line.contains(word));
            names && !is_comment && name != "src/syscalls.rs"
        });
        found.extend(named.map(|line| (name.clone(), line.to_owned())));
    }
    assert!(found.len() > 3, "{}: {found:?}", folder.display());
    found
}
