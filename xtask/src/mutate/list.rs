// SPDX-License-Identifier: MIT OR Apache-2.0
//! The list of what was tried: `judged/ARCH.csv`. It is committed: all of it takes hours, and `--go-on` goes on with it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

use super::{change::Change, trial::Verdict};

const COLUMNS: [&str; 9] = ["seed", "number", "file", "line", "kind", "before", "after", "verdict", "by"];

const NOT_BUILT: &str = "not built";
const CAUGHT: &str = "caught";
const SURVIVED: &str = "survived";
const EQUIVALENT: &str = "equivalent";

/// The list of one machine.
#[derive(Debug)]
pub struct List {
    path: PathBuf,
    seed: u64,
    rows: Vec<[String; 9]>,
}

impl List {
    /// An empty one.
    pub fn new(folder: &Path, machine: &str, seed: u64) -> Self {
        Self { path: folder.join(machine).with_extension("csv"), seed, rows: Vec::new() }
    }

    /// What an earlier run has written.
    pub fn read(&self) -> Result<Self> {
        let mut earlier = Self { path: self.path.clone(), seed: self.seed, rows: Vec::new() };
        if self.path.exists() {
            let mut reader = csv::Reader::from_path(&self.path)?;
            for row in reader.records() {
                let row: Vec<_> = row?.iter().map(str::to_owned).collect();
                earlier.rows.push(row.try_into().ok().context("a row of other columns")?);
            }
        }
        Ok(earlier)
    }

    /// What it says of a change that was drawn at this number.
    pub fn find(&self, number: usize, change: &Change) -> Option<Verdict> {
        let expected = self.front(number, change);
        let row = self.rows.iter().find(|row| row[..7] == expected)?;
        match row[7].as_str() {
            NOT_BUILT => Some(Verdict::NotBuilt),
            CAUGHT => Some(Verdict::Caught(row[8].clone())),
            EQUIVALENT => Some(Verdict::Survived),
            // A survivor is asked about again: there may be a test now that catches it.
            _ => None,
        }
    }

    /// Adds a row, and writes them all. `why` a survivor is no other program.
    pub fn add(
        &mut self,
        number: usize,
        change: &Change,
        verdict: &Verdict,
        why: Option<&str>,
    ) -> Result<()> {
        let (name, by) = match (verdict, why) {
            (Verdict::NotBuilt, _) => (NOT_BUILT, ""),
            (Verdict::Caught(by), _) => (CAUGHT, &**by),
            (Verdict::Survived, None) => (SURVIVED, ""),
            (Verdict::Survived, Some(why)) => (EQUIVALENT, why),
        };
        let [seed, number, file, line, kind, before, after] = self.front(number, change);
        self.rows.push([seed, number, file, line, kind, before, after, name.to_owned(), by.to_owned()]);
        self.write()
    }

    fn front(&self, number: usize, change: &Change) -> [String; 7] {
        let Change { file, line, kind, before, after } = change;
        [
            self.seed.to_string(),
            number.to_string(),
            file.clone(),
            line.to_string(),
            kind.name().to_owned(),
            before.clone(),
            after.clone(),
        ]
    }

    fn write(&self) -> Result<()> {
        let folder = self.path.parent().context("it is in a folder")?;
        fs::create_dir_all(folder)?;
        let mut writer = csv::Writer::from_path(&self.path)?;
        writer.write_record(COLUMNS)?;
        for row in &self.rows {
            writer.write_record(row)?;
        }
        writer.flush().with_context(|| format!("writing {}", self.path.display()))
    }
}

#[cfg(test)]
mod tests {
    use std::{env, fs, process};

    use super::List;
    use crate::mutate::{
        change::{Change, Edit, Kind},
        trial::Verdict,
    };

    #[test]
    fn what_is_written_is_found_again() {
        let folder = env::temp_dir().join(format!("axptr-list-{}", process::id()));
        let mut list = List::new(&folder, "x86_64", 7);
        let text = "mov \"rax\", [rdi, 8]";
        let change =
            Change::new("a.S", 3, text, &Edit::new(Kind::Deleted, 0..text.len(), "")).expect("it changes");
        let caught = Verdict::Caught("sweep, all".to_owned());
        list.add(1, &change, &caught, None).expect("it can be written");
        list.add(2, &change, &Verdict::Survived, Some("nobody reads it")).expect("it can be written");
        list.add(4, &change, &Verdict::Survived, None).expect("it can be written");
        let again = list.read().expect("it is there");
        assert_eq!(again.rows, list.rows);
        assert_eq!(again.find(1, &change), Some(caught));
        assert_eq!(again.find(2, &change), Some(Verdict::Survived));
        assert_eq!(again.find(3, &change), None);
        assert_eq!(again.find(4, &change), None, "it is to be asked about again");
        assert_eq!(List::new(&folder, "x86_64", 8).read().expect("it is there").find(1, &change), None);
        fs::remove_dir_all(folder).expect("it was there");
    }
}
