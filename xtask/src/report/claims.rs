// SPDX-License-Identifier: MIT OR Apache-2.0
//! `tests/claims.txt`: what is claimed, and the tests that show it.

use anyhow::{Context, Result, bail};

/// A chapter of the report.
#[derive(Debug)]
pub struct Chapter {
    pub title: String,
    pub claims: Vec<Claim>,
}

/// A promise, a rule or a defect.
#[derive(Debug)]
pub struct Claim {
    pub text: String,
    pub tests: Vec<String>,
}

/// Reads the file: `[chapter]`, a claim on a line of its own, its tests below, indented.
pub fn parse(text: &str) -> Result<Vec<Chapter>> {
    let mut chapters: Vec<Chapter> = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let words = line.trim().to_owned();
        if let Some(title) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            chapters.push(Chapter { title: title.to_owned(), claims: Vec::new() });
            continue;
        }
        let claims = &mut chapters.last_mut().with_context(|| format!("{words:?} is in no chapter"))?.claims;
        if line.starts_with(' ') {
            claims.last_mut().with_context(|| format!("{words:?} is below no claim"))?.tests.push(words);
        } else {
            claims.push(Claim { text: words, tests: Vec::new() });
        }
    }
    for claim in chapters.iter().flat_map(|chapter| &chapter.claims) {
        if claim.tests.is_empty() {
            bail!("nothing shows {:?}", claim.text);
        }
    }
    Ok(chapters)
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::parse;
    use crate::root::root;

    #[test]
    fn claims_stand_in_chapters_and_have_tests() {
        let chapters = parse("# why\n[A]\none\n  t1\n  t2\n\n[B]\ntwo\n  t3\n").expect("it is whole");
        assert_eq!(chapters.len(), 2);
        assert_eq!(chapters[0].claims[0].tests, ["t1", "t2"]);
        for broken in ["one\n  t\n", "[A]\n  t\n", "[A]\none\n"] {
            assert!(parse(broken).is_err(), "{broken:?}");
        }
    }

    /// What is named is there: renaming a test must not lose what it shows.
    #[test]
    fn each_test_that_is_named_stands_in_the_sources() {
        let chapters = parse(&fs::read_to_string(root().join("tests/claims.txt")).expect("it is there"))
            .expect("it is whole");
        let mut sources = String::new();
        for folder in ["src", "tests", "xtask/src", "adapters", "examples"] {
            read(&root().join(folder), &mut sources);
        }
        for test in chapters.iter().flat_map(|chapter| &chapter.claims).flat_map(|claim| &claim.tests) {
            let name = test.rsplit("::").next().expect("a name has an end");
            let is_there = [format!("fn {name}("), format!("\"{name}"), format!("{name}\"")];
            assert!(is_there.iter().any(|it| sources.contains(it)), "nothing is called {test:?}");
        }
    }

    fn read(folder: &Path, all: &mut String) {
        for entry in fs::read_dir(folder).expect("it is a folder") {
            let path = entry.expect("it can be read").path();
            if path.is_dir() {
                if path.file_name().is_some_and(|name| name != "target") {
                    read(&path, all);
                }
            } else if path.extension().is_some_and(|end| end == "rs" || end == "c") {
                all.push_str(&fs::read_to_string(&path).expect("a source is text"));
            }
        }
    }
}
