// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the README says of itself: its blocks, its length, its Rust version, its picture.

use std::{collections::BTreeMap, fs, path::PathBuf};

use super::files::{read, root};

/// What can be read in ten minutes, as `wc -w` counts.
const MOST_WORDS: usize = 1500;

const LICENCE: &str = "SPDX-License-Identifier: MIT OR Apache-2.0";

/// The code blocks of a document: what stands behind the fence, and the text.
fn blocks(document: &str) -> Vec<(&str, String)> {
    let mut blocks = Vec::new();
    let mut lines = document.lines();
    while let Some(line) = lines.next() {
        let Some(language) = line.strip_prefix("```") else { continue };
        let text: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        blocks.push((language, text.join("\n")));
    }
    blocks
}

/// The samples by file: their text without the licence's line.
fn samples() -> BTreeMap<PathBuf, String> {
    let files = fs::read_dir(root().join("tests/readme/samples")).unwrap();
    let sample = |path: PathBuf| {
        let text = read(&path);
        let (first, rest) = text.split_once('\n').unwrap();
        assert!(first.ends_with(LICENCE), "{}: no SPDX line", path.display());
        (path, rest.trim_matches('\n').to_owned())
    };
    files.map(|file| sample(file.unwrap().path())).collect()
}

/// What is wrong with a README beside its samples.
fn disagreements(readme: &str, samples: &BTreeMap<PathBuf, String>) -> Vec<String> {
    let mut faults = Vec::new();
    let blocks = blocks(readme);
    let code = |language: &str| language != "text";
    for (language, text) in blocks.iter().filter(|(language, _)| code(language)) {
        if !samples.values().any(|sample| sample == text) {
            faults.push(format!("no file has this block: {text}"));
        }
        if !["rust", "rust,no_run", "toml"].contains(language) {
            faults.push(format!("a block that nobody compiles: {language}"));
        }
        if *language != "toml" && text.lines().any(|line| line == "#" || line.starts_with("# ")) {
            faults.push(format!("a hidden line: {text}"));
        }
    }
    for (path, sample) in samples {
        let shown = blocks.iter().filter(|(language, text)| code(language) && text == sample).count();
        if shown != 1 {
            faults.push(format!("{} is shown {shown} times", path.display()));
        }
    }
    faults
}

#[test]
fn each_block_is_a_sample_and_each_sample_a_block() {
    let samples = samples();
    assert!(samples.len() >= 6, "only {} samples", samples.len());
    assert_eq!(disagreements(&read("README.md"), &samples), [""; 0]);
}

#[test]
fn the_check_of_the_blocks_catches_what_it_is_for() {
    let samples = BTreeMap::from([(PathBuf::from("a.rs"), "fn a() {}".to_owned())]);
    let faults = |readme: &str| disagreements(readme, &samples).join("; ");
    assert_eq!(faults("words\n```rust\nfn a() {}\n```\n```text\nfn c() {}\n```\n"), "");
    assert!(faults("").contains("a.rs is shown 0 times"));
    assert!(faults("```rust\nfn a() {}\n```\n```rust\nfn a() {}\n```").contains("a.rs is shown 2 times"));
    assert!(faults("```rust\nfn a() {}\n```\n```rust\nfn b() {}\n```").contains("no file has this block"));
    assert!(faults("```rust,ignore\nfn a() {}\n```").contains("nobody compiles"));
    assert!(faults("```rust\n# hidden();\nfn a() {}\n```").contains("a hidden line"));
}

#[test]
fn the_readme_can_be_read_in_ten_minutes() {
    let words = read("README.md").split_whitespace().count();
    assert!(words <= MOST_WORDS, "{words} words, {MOST_WORDS} at most");
}

#[test]
fn the_readme_names_the_rust_version_of_the_manifest() {
    let manifest = read("Cargo.toml");
    let version = manifest.lines().find_map(|line| line.strip_prefix("rust-version = \"")?.strip_suffix('"'));
    let version = version.expect("the manifest has a rust-version");
    let named: Vec<String> =
        read("README.md").split("Rust ").skip(1).map(|rest| leading_number(rest).to_owned()).collect();
    let named: Vec<&String> = named.iter().filter(|number| !number.is_empty()).collect();
    assert_eq!(named, [version], "the README says what the oldest Rust is, once");
}

fn leading_number(text: &str) -> &str {
    let end = text.find(|char: char| !char.is_ascii_digit() && char != '.').unwrap_or(text.len());
    text[..end].trim_end_matches('.')
}

/// The page of rustdoc holds the picture: what is relative to the repository does not lead anywhere from there.
#[test]
fn the_readme_links_to_nothing_but_the_picture() {
    let readme = read("README.md");
    assert!(
        !readme.contains("]("),
        "name the file, or the item: a relative link breaks on the page of rustdoc"
    );
    let references: Vec<&str> =
        readme.lines().filter(|line| line.starts_with('[') && line.contains("]: ")).collect();
    assert_eq!(references, ["[speed]: docs/speed.svg"]);
    assert!(readme.contains("![") && readme.contains("][speed]"));
    assert!(read("docs/speed.link.md").starts_with("[speed]: <data:image/svg+xml,%3Csvg "));
    let picture =
        "#![doc = include_str!(\"../docs/speed.link.md\")]\n#![doc = include_str!(\"../README.md\")]";
    assert!(read("src/lib.rs").contains(picture), "the first definition of a reference wins");
}
