// SPDX-License-Identifier: MIT OR Apache-2.0
//! The list of what was tried: `judged/ARCH.csv`. It is committed: all of it takes hours, and `--go-on` goes on with it.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

use super::{change::Change, trial::Verdict};
use crate::root::home;

const COLUMNS: [&str; 9] = ["seed", "number", "file", "line", "kind", "before", "after", "verdict", "by"];

const NOT_BUILT: &str = "not built";
const CAUGHT: &str = "caught";
const SURVIVED: &str = "survived";
const EQUIVALENT: &str = "equivalent";

/// How many mutations of each machine.
pub const COUNT: usize = 50;

/// The list of one machine.
#[derive(Debug)]
pub struct List {
    machine: &'static str,
    path: PathBuf,
    seed: u64,
    rows: Vec<Row>,
    /// Of an earlier run, what this one has not come to: it stays where this one is stopped.
    ahead: Vec<Row>,
}

type Row = [String; 9];

impl List {
    /// An empty one.
    pub fn new(folder: &Path, machine: &'static str, seed: u64) -> Self {
        let path = folder.join(machine).with_extension("csv");
        Self { machine, path, seed, rows: Vec::new(), ahead: Vec::new() }
    }

    /// What an earlier run has written, to go on with.
    pub fn earlier(&mut self) -> Result<Self> {
        let earlier = self.read()?;
        self.ahead.clone_from(&earlier.rows);
        Ok(earlier)
    }

    /// All were come to: what else an earlier run has written goes.
    pub fn end(&mut self) -> Result<()> {
        self.ahead.clear();
        self.write()
    }

    /// The one that is committed for a machine, of the seed that its first row names.
    pub fn committed(machine: &'static str) -> Result<Self> {
        let mut list = Self::new(&folder(), machine, 0).read()?;
        if let Some(first) = list.rows.first() {
            list.seed = first[0].parse().context("a seed is a number")?;
        }
        Ok(list)
    }

    /// Whether all were judged, and each was caught or changes nothing.
    pub fn outcome(&self) -> Result<(), String> {
        let [tried, survived] = [self.tried().count(), self.count(SURVIVED)];
        match (tried, survived) {
            (COUNT, 0) => Ok(()),
            _ => Err(format!("{tried} of {COUNT} judged, {survived} survived")),
        }
    }

    /// A line for each that could be built: what it is, and what became of it.
    pub fn lines(&self) -> impl Iterator<Item = String> {
        self.tried().map(|[_, number, file, line, kind, before, after, verdict, by]| {
            let after = if after.is_empty() { "nothing".to_owned() } else { format!("`{after}`") };
            let end = if by.is_empty() { String::new() } else { format!(": {by}") };
            format!("{number}: {file}:{line}, {kind}: `{before}` -> {after}: **{verdict}**{end}")
        })
    }

    fn tried(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| row[7] != NOT_BUILT)
    }

    fn count(&self, verdict: &str) -> usize {
        self.rows.iter().filter(|row| row[7] == verdict).count()
    }

    fn read(&self) -> Result<Self> {
        let (rows, ahead) = (Vec::new(), Vec::new());
        let mut earlier =
            Self { machine: self.machine, path: self.path.clone(), seed: self.seed, rows, ahead };
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
        let number = |row: &Row| row[1].parse::<usize>().ok();
        let last = self.rows.last().and_then(number);
        let ahead = self.ahead.iter().filter(|row| row[0] == self.seed.to_string() && number(row) > last);
        for row in self.rows.iter().chain(ahead) {
            writer.write_record(row)?;
        }
        writer.flush().with_context(|| format!("writing {}", self.path.display()))
    }
}

impl fmt::Display for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, seed {}: ", self.machine, self.seed)?;
        let [caught, equivalent, survived, not_built] =
            [CAUGHT, EQUIVALENT, SURVIVED, NOT_BUILT].map(|verdict| self.count(verdict));
        write!(f, "{caught} caught, {equivalent} equivalent, {survived} survived, {not_built} not built")
    }
}

/// Where they lie.
pub fn folder() -> PathBuf {
    home().join("xtask/src/mutate/judged")
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
        assert_eq!(again.to_string(), "x86_64, seed 7: 1 caught, 1 equivalent, 1 survived, 0 not built");
        assert_eq!(again.outcome(), Err("3 of 50 judged, 1 survived".to_owned()));
        let first = "1: a.S:3, deleted: `mov \"rax\", [rdi, 8]` -> nothing: **caught**: sweep, all";
        assert_eq!(again.lines().next().as_deref(), Some(first));
        assert_eq!(again.find(1, &change), Some(caught));
        assert_eq!(again.find(2, &change), Some(Verdict::Survived));
        assert_eq!(again.find(3, &change), None);
        assert_eq!(again.find(4, &change), None, "it is to be asked about again");
        assert_eq!(List::new(&folder, "x86_64", 8).read().expect("it is there").find(1, &change), None);
        // A run that is stopped keeps what it has not come to.
        let mut next = List::new(&folder, "x86_64", 7);
        next.earlier().expect("it is there");
        next.add(1, &change, &Verdict::Survived, None).expect("it can be written");
        let numbers = |list: &List| list.rows.iter().map(|row| row[1].clone()).collect::<Vec<_>>();
        assert_eq!(numbers(&next.read().expect("it is there")), ["1", "2", "4"]);
        next.add(3, &change, &Verdict::Survived, None).expect("it can be written");
        next.end().expect("it can be written");
        assert_eq!(numbers(&next.read().expect("it is there")), ["1", "3"]);
        fs::remove_dir_all(folder).expect("it was there");
    }
}
