// SPDX-License-Identifier: MIT OR Apache-2.0
//! Changes of other people's sources: by a place and lines of our own, so that no line of theirs is kept here.

pub mod changes;
mod code;
pub mod place;

use std::{fs, path::Path};

use anyhow::{Context, Result, anyhow};

pub use self::place::Place;

/// One change of one file.
#[derive(Clone, Copy, Debug)]
pub struct Edit {
    /// The file in its package; a folder means all of its sources that the edit finds its place in.
    pub file: &'static str,
    pub place: Place,
    pub change: Change,
}

/// What becomes of a place.
#[derive(Clone, Copy, Debug)]
pub enum Change {
    /// These lines stand there instead.
    All(&'static str),
    /// These stand in front of what is there.
    Front(&'static str),
    /// These stand behind it.
    Behind(&'static str),
    /// The one statement that begins with the first becomes the second.
    Statement(&'static str, &'static str),
    /// Each occurrence of the first becomes the second. There is at least one.
    Each(&'static str, &'static str),
}

/// Does all of them, in their order, in the package in this folder.
pub fn apply(package: &Path, edits: &[Edit]) -> Result<()> {
    for edit in edits {
        let path = package.join(edit.file);
        let done = if path.is_dir() { in_folder(&path, edit)? } else { in_file(&path, edit)? };
        done.map_err(|why| {
            anyhow!("the edit of {:?} in {} finds no place: {why}", edit.place, path.display())
        })?;
    }
    Ok(())
}

fn in_file(path: &Path, edit: &Edit) -> Result<Result<(), String>> {
    let source = fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    Ok(match change(&source, edit.place, edit.change) {
        Ok(edited) => {
            fs::write(path, edited).with_context(|| format!("writing {}", path.display()))?;
            Ok(())
        }
        Err(why) => Err(why),
    })
}

/// In one of them it has to find its place.
fn in_folder(folder: &Path, edit: &Edit) -> Result<Result<(), String>> {
    let mut done = Err("no source has it".to_owned());
    for entry in fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))? {
        let path = entry?.path();
        let is_source = path.extension().is_some_and(|extension| extension == "rs");
        let this = match (path.is_dir(), is_source) {
            (true, _) => in_folder(&path, edit)?,
            (false, true) => in_file(&path, edit)?,
            (false, false) => continue,
        };
        done = done.or(this);
    }
    Ok(done)
}

fn change(source: &str, place: Place, change: Change) -> Result<String, String> {
    let range = place.find(source)?;
    let (before, there, behind) = (&source[..range.start], &source[range.clone()], &source[range.end..]);
    let ours = match change {
        Change::All(ours) => format!("\n{ours}\n"),
        Change::Front(ours) => format!("\n{ours}\n{there}"),
        Change::Behind(ours) => format!("{there}\n{ours}\n"),
        Change::Statement(begins, ours) => {
            let [at] = there.match_indices(begins).map(|(at, _)| at).collect::<Vec<_>>()[..] else {
                return Err(format!("not one {begins:?}"));
            };
            let start = range.start + at;
            let end = place::end_of_statement(source, start, range.end)
                .ok_or_else(|| format!("{begins:?} begins no statement"))?;
            format!("{}{ours}{}", &source[range.start..start], &source[end..range.end])
        }
        Change::Each(needle, ours) if there.contains(needle) => there.replace(needle, ours),
        Change::Each(needle, _) => return Err(format!("no {needle:?}")),
    };
    Ok(format!("{before}{ours}{behind}"))
}

#[cfg(test)]
mod tests {
    use super::{Change, Place, change};

    const SOURCE: &str = "fn one() { let x = f(1); g(x); }\nfn two() { f(2); }\n";

    fn one(what: Change) -> Result<String, String> {
        change(SOURCE, Place::Fn("one"), what)
    }

    #[test]
    fn each_change_touches_its_place_only() {
        let two = "\nfn two() { f(2); }\n";
        for (what, one_then) in [
            (Change::All("ours"), "fn one() {\nours\n}"),
            (Change::Front("ours;"), "fn one() {\nours;\n let x = f(1); g(x); }"),
            (Change::Behind("ours"), "fn one() { let x = f(1); g(x); \nours\n}"),
            (Change::Statement("let x", "ours;"), "fn one() { ours; g(x); }"),
            (Change::Each("f(", "h("), "fn one() { let x = h(1); g(x); }"),
        ] {
            assert_eq!(one(what), Ok(format!("{one_then}{two}")), "{what:?}");
        }
    }

    #[test]
    fn a_change_without_its_place_is_an_error() {
        for what in [Change::Statement("let y", ""), Change::Statement("x", ""), Change::Each("h(", "")] {
            assert!(one(what).is_err(), "{what:?}");
        }
        assert!(change(SOURCE, Place::Fn("three"), Change::All("")).is_err());
    }
}
