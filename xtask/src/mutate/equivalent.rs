// SPDX-License-Identifier: MIT OR Apache-2.0
//! Mutations that are no other program, each with its proof in one line: `equivalent.csv`, kept by hand.
//!
//! What identifies one is the file, the line's text and what it becomes, so it stays found where lines are put in above.

use anyhow::{Context, Result, ensure};

use super::change::Change;

const LIST: &str = include_str!("equivalent.csv");

/// The list.
#[derive(Debug)]
pub struct Equivalents(Vec<[String; 4]>);

impl Equivalents {
    pub fn read() -> Result<Self> {
        Self::parse(LIST).context("equivalent.csv")
    }

    fn parse(text: &str) -> Result<Self> {
        let mut rows = Vec::new();
        for row in csv::Reader::from_reader(text.as_bytes()).records() {
            let row: Vec<_> = row?.iter().map(str::to_owned).collect();
            let row: [String; 4] = row.try_into().ok().context("a row of other columns")?;
            ensure!(row[1] != row[2] && !row[3].is_empty(), "{row:?} proves nothing");
            rows.push(row);
        }
        Ok(Self(rows))
    }

    /// The proof of a change.
    pub fn proof(&self, change: &Change) -> Option<&str> {
        let row = self.0.iter().find(|[file, before, after, _]| {
            (file, before, after) == (&change.file, &change.before, &change.after)
        })?;
        Some(&row[3])
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::Equivalents;
    use crate::{
        mutate::change::{Change, Edit, Kind},
        root::home,
    };

    #[test]
    fn a_proof_is_found_wherever_the_line_stands() {
        let list = "file,before,after,proof\na.S,\"add x0, x0, 1\",,nobody reads x0\n";
        let list = Equivalents::parse(list).expect("it is a list");
        let deleted =
            |line| Change::new("a.S", line, "  add x0, x0, 1", &Edit::new(Kind::Deleted, 2..15, ""));
        for line in [3, 70] {
            assert_eq!(list.proof(&deleted(line).expect("it changes")), Some("nobody reads x0"));
        }
        let other = Change::new("a.S", 3, "add x0, x0, 1", &Edit::new(Kind::Constant, 12..13, "2"));
        assert_eq!(list.proof(&other.expect("it changes")), None);
        assert!(Equivalents::parse("file,before,after,proof\na.S,ret,,\n").is_err());
    }

    #[test]
    fn each_line_of_the_list_is_there() {
        for [file, before, ..] in Equivalents::read().expect("it is a list").0 {
            let text = fs::read_to_string(home().join(&file)).expect("it is there");
            assert!(text.lines().any(|line| line.trim() == before), "{file} has no line {before:?}");
        }
    }
}
