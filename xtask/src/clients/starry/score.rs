// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a run of the program comes to.

use std::collections::BTreeMap;

/// The lines of one run.
#[derive(Debug, Default)]
pub struct Score {
    /// Each check and what it has said, in order.
    checks: Vec<(String, String)>,
    /// The sums that the program has counted itself: how many of how many are right.
    sums: BTreeMap<String, (u64, u64)>,
    /// What is wrong in the tables of partial transfers.
    pub partial: Vec<String>,
    /// How many nanoseconds of the program's clock are an instruction, if it has no better clock.
    nanoseconds: Option<u64>,
    /// Whether it has not.
    by_clock: bool,
    /// Instructions by operation and size.
    pub counts: Vec<(String, u64, Result<u64, String>)>,
    done: bool,
    /// Why the run is none.
    failure: Option<String>,
}

/// The program's last line.
pub const DONE: &str = "program done";

/// What only a kernel says that cannot go on.
const PANICS: &[&str] = &["panicked at", "Unhandled ", "ARCEOS_PANIC"];

impl Score {
    /// That of a run in which an instruction takes so many nanoseconds, if anybody has said it.
    pub fn new(nanoseconds: Option<u64>) -> Self {
        Self { nanoseconds, ..Self::default() }
    }

    /// Takes a line of the console.
    pub fn read(&mut self, line: &str) {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            ["check", name, ref verdict @ ..] if !verdict.is_empty() => {
                self.checks.push((name.to_owned(), verdict.join(" ")));
            }
            ["checks", right, "of", all] => self.sum("checks", right, all),
            ["partial", name, right, "of", all] => self.sum(&format!("partial {name}"), right, all),
            ["partial", right, "of", all] => self.sum("partial", right, all),
            ["partial", ..] if line.contains("WRONG") => self.partial.push(words[1..].join(" ")),
            ["count", name, size, ref count @ ..] => {
                if let Ok(size) = size.parse() {
                    let count = self.instructions(&count.join(" "));
                    self.counts.push((name.to_owned(), size, count));
                }
                self.by_clock |= words == ["count", "clock", "nanoseconds"];
            }
            ["program", "done"] => self.done = true,
            _ if PANICS.iter().any(|panic| line.contains(panic)) => self.fail(line.to_owned()),
            _ => {}
        }
    }

    fn instructions(&self, count: &str) -> Result<u64, String> {
        let count: u64 = count.parse().map_err(|_| count.to_owned())?;
        match (self.by_clock, self.nanoseconds) {
            (false, _) => Ok(count),
            (true, Some(nanoseconds)) => Ok(count / nanoseconds),
            (true, None) => Err(format!("{count} ns")),
        }
    }

    fn sum(&mut self, name: &str, right: &str, all: &str) {
        if let (Ok(right), Ok(all)) = (right.parse(), all.parse()) {
            self.sums.insert(name.to_owned(), (right, all));
        }
    }

    /// The run has failed; only the first reason counts.
    pub fn fail(&mut self, why: String) {
        self.failure.get_or_insert(why);
    }

    /// Whether there is no need to wait for more.
    pub fn is_over(&self) -> bool {
        self.done || self.failure.is_some()
    }

    /// Whether it came to its end, with its own sums those that are counted here.
    pub fn came_to_its_end(&self) -> Result<(), String> {
        match (&self.failure, self.done) {
            (Some(why), _) => return Err(why.clone()),
            (None, false) => return Err(format!("it has not said {DONE:?}")),
            (None, true) => {}
        }
        Ok(())
    }

    /// The sum of this name: right, and all.
    pub fn of(&self, name: &str) -> (u64, u64) {
        self.sums.get(name).copied().unwrap_or_default()
    }

    /// The names of all sums.
    pub fn sums(&self) -> impl Iterator<Item = &str> {
        self.sums.keys().map(String::as_str)
    }

    /// What a check has said.
    pub fn verdict(&self, name: &str) -> Option<&str> {
        let found = self.checks.iter().find(|(check, _)| check == name);
        found.map(|(_, verdict)| verdict.as_str())
    }

    /// The checks in their order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.checks.iter().map(|(name, _)| name.as_str())
    }

    /// How many checks and partial transfers are right, and how many are not, with the program's own sums.
    pub fn passed_and_failed(&self) -> (usize, usize) {
        let (mut passed, mut failed) = (0, 0);
        for (right, all) in [self.of("checks"), self.of("partial")] {
            passed += right as usize;
            failed += all.saturating_sub(right) as usize;
        }
        (passed, failed)
    }

    /// Whether all is right.
    pub fn is_full(&self) -> Result<(), String> {
        self.came_to_its_end()?;
        let ok = self.checks.iter().filter(|(_, verdict)| verdict == "ok").count() as u64;
        for name in ["checks", "partial"] {
            let (right, all) = self.of(name);
            if all == 0 || right != all {
                return Err(format!("{right} of {all} {name} are right"));
            }
        }
        if ok != self.of("checks").1 || ok != self.checks.len() as u64 {
            return Err(format!("{ok} of {} lines of checks say ok", self.checks.len()));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Score;

    fn of(lines: &str) -> Score {
        let mut score = Score::default();
        lines.lines().for_each(|line| score.read(line));
        score
    }

    const FULL: &str = "\
group reads
check null ok
check top ok
partial pread 4 of 4
partial 4 of 4
checks 2 of 2
program done";

    #[test]
    fn a_full_score_is_one() {
        let score = of(FULL);
        assert_eq!(score.is_full(), Ok(()));
        assert_eq!(score.passed_and_failed(), (6, 0));
        assert_eq!(score.verdict("top"), Some("ok"));
        assert_eq!(score.of("partial pread"), (4, 4));
    }

    #[test]
    fn anything_less_is_none() {
        for (old, new) in [
            ("check top ok", "check top WRONG: got 3, want 4"),
            ("check top ok\n", ""),
            ("checks 2 of 2", "checks 1 of 2"),
            ("partial 4 of 4", "partial 3 of 4"),
            ("partial 4 of 4\n", ""),
            ("checks 2 of 2\n", ""),
            ("program done", ""),
            ("check top", "panicked at src/trap.rs\ncheck top"),
        ] {
            assert!(of(&FULL.replace(old, new)).is_full().is_err(), "{old:?} -> {new:?}");
        }
    }

    #[test]
    fn nanoseconds_become_instructions() {
        let lines = "count clock nanoseconds\ncount pread 8 1234\n";
        assert_eq!(of(lines).counts, [("pread".to_owned(), 8, Err("1234 ns".to_owned()))]);
        let mut score = Score::new(Some(16));
        lines.lines().for_each(|line| score.read(line));
        assert_eq!(score.counts, [("pread".to_owned(), 8, Ok(77))]);
    }

    #[test]
    fn counts_are_read() {
        let score = of("count clock instructions\ncount pread 8 1234\ncount pread 64 WRONG: no file\n");
        let expected =
            [("pread".to_owned(), 8, Ok(1234)), ("pread".to_owned(), 64, Err("WRONG: no file".to_owned()))];
        assert_eq!(score.counts, expected);
    }
}
