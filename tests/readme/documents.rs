// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the documents say of each other and of the files: their links lead somewhere, and each fact has one home.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use super::files::{read, root};

/// What a reader of the package is sent to.
const DOCUMENTS: [&str; 9] = [
    "README.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "docs/architecture.md",
    "docs/operations.md",
    "docs/performance.md",
    "docs/processes.md",
    "docs/starryos.md",
    "docs/troubleshooting.md",
];

#[test]
fn what_the_documents_link_to_is_there() {
    let mut links = 0;
    for document in DOCUMENTS {
        let text = read(document);
        let folder = root().join(document).parent().unwrap().to_owned();
        for target in text.split("](").skip(1).map(|rest| rest.split(')').next().unwrap()) {
            let (path, part) = target.split_once('#').unwrap_or((target, ""));
            let linked = if path.is_empty() { root().join(document) } else { folder.join(path) };
            assert!(linked.exists(), "{document}: {target}");
            if !part.is_empty() {
                let named = fs::read_to_string(&linked)
                    .unwrap()
                    .lines()
                    .any(|line| anchor(line) == Some(part.to_owned()));
                assert!(named, "{document}: {target}");
            }
            links += 1;
        }
    }
    assert!(links > 10, "only {links} links");
}

/// What a heading is linked to by.
fn anchor(line: &str) -> Option<String> {
    let title = line.starts_with('#').then(|| line.trim_start_matches('#').trim())?;
    let kept = title.chars().filter(|char| char.is_alphanumeric() || [' ', '-', '_'].contains(char));
    Some(kept.collect::<String>().to_lowercase().replace(' ', "-"))
}

/// Each fact has one home. A sentence, or a table's cell, of some length that stands in two places is one too many.
#[test]
fn nothing_is_said_twice() {
    const LONG: usize = 45;
    let mut seen = BTreeMap::new();
    let mut count = 0;
    for document in DOCUMENTS {
        for sentence in sentences(&read(document)).into_iter().filter(|sentence| sentence.len() >= LONG) {
            let before = seen.insert(sentence.clone(), document);
            assert_eq!(before, None, "also in {document}: {sentence}");
            count += 1;
        }
    }
    assert!(count > 100, "only {count} sentences");
}

fn sentences(document: &str) -> Vec<String> {
    let lines = document.lines().map(|line| if line.is_empty() { "\u{1}" } else { line });
    let text = lines.collect::<Vec<_>>().join(" ").replace(" | ", "\u{1}").replace(". ", "\u{1}");
    text.split('\u{1}').map(|sentence| sentence.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

const ARCHS: [&str; 4] = ["x86_64", "aarch64", "riscv64", "loongarch64"];

/// The code spans of a text that lie in one line.
fn spans(text: &str) -> impl Iterator<Item = &str> {
    text.lines().flat_map(|line| line.split('`').skip(1).step_by(2))
}

#[test]
fn what_the_documents_name_is_there() {
    // Not in the package.
    let elsewhere = |path: &str| path.starts_with("xtask/") || path.starts_with("tests/kernel");
    let in_repository = root().join("xtask").exists();
    let mut seen = 0;
    for document in DOCUMENTS {
        let text = read(document);
        let is_path = |span: &&str| {
            ["src/", "asm/", "tests/", "xtask/", "benches/", "docs/"]
                .iter()
                .any(|start| span.starts_with(start))
        };
        for path in spans(&text).filter(is_path).filter(|path| in_repository || !elsewhere(path)) {
            for arch in ARCHS {
                let path = path.replace("<arch>", arch).replace('*', arch);
                assert!(root().join(&path).exists(), "{document}: {path}");
            }
            seen += 1;
        }
    }
    assert!(seen > 40, "only {seen} paths");
}

/// A name in prose that is misspelt, or has been renamed in the code, sends a reader nowhere.
#[test]
fn what_the_documents_name_is_a_name_of_the_code() {
    /// Other people's: Linux's, compilers', linkers' words, instructions.
    const FOREIGN: [&str; 6] = ["set_page_fault_handler", "uaccess", "memcpy", "movsb", "movsq", "unable"];
    const SHORTEST: usize = 4;
    let mut known: BTreeSet<String> = FOREIGN.map(str::to_owned).into();
    let mut files = vec![root().join("Cargo.toml"), root().join("axptr.ld"), root().join("build.rs")];
    ["src", "adapters", "asm", "benches", "examples", "tests", "xtask/src"]
        .iter()
        .for_each(|folder| walk(&root().join(folder), &mut files));
    known.extend(DOCUMENTS.iter().flat_map(|document| words(document).map(str::to_owned)));
    for file in files.iter().filter(|file| !file.ends_with("readme/documents.rs")) {
        known.extend(
            file.iter()
                .flat_map(|part| words(&part.to_string_lossy()).map(str::to_owned).collect::<Vec<_>>()),
        );
        known.extend(words(&fs::read_to_string(file).unwrap_or_default()).map(str::to_owned));
    }
    let (mut seen, mut unknown) = (0, Vec::new());
    for document in DOCUMENTS {
        let text = prose(&read(document));
        for word in spans(&text).flat_map(words).filter(|word| word.len() >= SHORTEST) {
            let is_number = word.starts_with(|c: char| c.is_ascii_digit());
            let is_part = known.iter().any(|known| {
                word.starts_with('_') && known.ends_with(word)
                    || word.ends_with('_') && known.starts_with(word)
            });
            if !(known.contains(word) || is_number || is_part) {
                unknown.push(format!("{document}: `{word}`"));
            }
            seen += 1;
        }
    }
    assert_eq!(unknown, [""; 0]);
    assert!(seen > 300, "only {seen} names");
}

/// A text without its blocks of code.
fn prose(text: &str) -> String {
    let mut is_code = false;
    let lines = text.lines().filter(|line| {
        let is_fence = line.starts_with("```");
        is_code ^= is_fence;
        !is_fence && !is_code
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|word| !word.is_empty())
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            walk(&path, files);
        } else {
            files.push(path);
        }
    }
}

#[test]
fn the_floors_name_their_files() {
    let text = read("docs/architecture.md");
    let mut seen = 0;
    for line in text.lines().filter(|line| line.starts_with("| ")) {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let folder = cells.get(2).and_then(|cell| cell.strip_prefix('`')?.strip_suffix("/`"));
        let Some(folder) = folder.filter(|folder| *folder != "arch") else { continue };
        let mut named: Vec<String> =
            spans(cells[4]).map(|name| name.trim_end_matches('/').to_owned()).collect();
        let files = fs::read_dir(root().join("src").join(folder)).unwrap();
        let name = |path: PathBuf| path.file_stem().unwrap().to_str().unwrap().to_owned();
        let mut there: Vec<String> = files.map(|file| name(file.unwrap().path())).collect();
        there.retain(|name| name != "mod");
        named.sort();
        there.sort();
        assert_eq!(named, there, "{folder}");
        seen += 1;
    }
    assert_eq!(seen, 5, "floors above the machine");
}
