// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the documents say of each other and of the files: their links lead somewhere, and each fact has one home.

use std::{collections::BTreeMap, fs};

use super::files::{read, root};

/// What a reader of the package is sent to.
const DOCUMENTS: [&str; 7] = [
    "README.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "docs/architecture.md",
    "docs/operations.md",
    "docs/performance.md",
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
