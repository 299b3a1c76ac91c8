// SPDX-License-Identifier: MIT OR Apache-2.0
//! `docs/proof.md`, drawn.

use std::fmt;

use super::{
    claims::{Chapter, Claim},
    evidence::Evidence,
    steps::{self, Kept},
};
use crate::machine::ALL;

/// All that the page is drawn from.
pub struct Page<'a> {
    pub kept: &'a [Kept],
    pub evidence: &'a Evidence,
    pub chapters: &'a [Chapter],
}

/// What shows a claim and has not run, or has failed.
pub fn lacking(claim: &Claim, evidence: &Evidence) -> Option<String> {
    let bad: Vec<_> = claim
        .tests
        .iter()
        .filter_map(|test| {
            let runs = evidence.of(test);
            if runs.values().any(|runs| runs.failed > 0) {
                Some(format!("{test:?} has failed"))
            } else if runs.is_empty() {
                Some(format!("{test:?} has not run"))
            } else {
                None
            }
        })
        .collect();
    (!bad.is_empty()).then(|| bad.join(", "))
}

impl fmt::Display for Page<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "<!-- Drawn by `cargo xtask report` from what the commands print. Do not edit. -->")?;
        writeln!(f, "# What is shown, and how often\n")?;
        writeln!(
            f,
            "`cargo xtask report` runs the commands below and draws this page; `cargo xtask report test` runs one of them \
             anew, `--kept` none. A number below a machine counts the runs of these tests that passed there, in all builds \
             and on all processors.\n"
        )?;
        self.sums(f)?;
        self.campaign(f)?;
        for chapter in self.chapters {
            self.chapter(f, chapter)?;
        }
        self.mutations(f)
    }
}

impl Page<'_> {
    fn sums(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| `cargo xtask` | came to | in | on the sources of | day |\n|---|---|---|---|---|")?;
        for Kept { step, commit, day, seconds, lines } in self.kept {
            let sum = lines.last().map_or("nothing", |line| line.as_str());
            let command = steps::command(step).join(" ");
            writeln!(f, "| `{command}` | {sum} | {} min | `{commit}` | {day} |", seconds.div_ceil(60))?;
        }
        writeln!(f)
    }

    /// The long runs of random operations, a line for each place.
    fn campaign(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "## Random operations against a model\n")?;
        writeln!(
            f,
            "| where | operations | met a byte that refused them | on large pages | seeds | wrong |\n|---|---|---|---|---|---|"
        )?;
        for line in self.lines("campaign").filter(|line| line.starts_with("campaign, ")) {
            let Some((told, verdict)) = line.split_once(" ... ") else { continue };
            let Some((place, counts)) = told["campaign, ".len()..].split_once(": ") else { continue };
            let mut counts = counts.split(", ").map(|count| {
                let number = [" operations", " faults", " on large pages"]
                    .into_iter()
                    .find_map(|end| count.strip_suffix(end));
                number.unwrap_or(count.trim_start_matches("seeds "))
            });
            let mut next = || counts.next().unwrap_or("none");
            let (operations, faults, large, seeds) = (next(), next(), next(), next());
            let wrong = if verdict == "ok" { "0" } else { verdict };
            writeln!(f, "| {place} | {operations} | {faults} | {large} | {seeds} | {wrong} |")?;
        }
        writeln!(f)
    }

    fn chapter(&self, f: &mut fmt::Formatter<'_>, chapter: &Chapter) -> fmt::Result {
        writeln!(f, "## {}\n", chapter.title)?;
        let names = ALL.iter().map(|machine| machine.name);
        writeln!(f, "| claim | shown by | {} |", names.clone().collect::<Vec<_>>().join(" | "))?;
        writeln!(f, "|---|---|{}", "---|".repeat(ALL.len()))?;
        for claim in &chapter.claims {
            let tests: Vec<_> = claim.tests.iter().map(|test| format!("`{test}`")).collect();
            write!(f, "| {} | {} |", claim.text, tests.join("<br>"))?;
            for name in names.clone() {
                let passed: usize = claim
                    .tests
                    .iter()
                    .filter_map(|test| self.evidence.of(test).get(name).copied())
                    .map(|runs| runs.passed)
                    .sum();
                write!(f, " {} |", if passed == 0 { "-".to_owned() } else { passed.to_string() })?;
            }
            writeln!(f)?;
            if let Some(lacking) = lacking(claim, self.evidence) {
                writeln!(f, "| | **{lacking}** |{}", " |".repeat(ALL.len()))?;
            }
        }
        writeln!(f)
    }

    /// What `mutate` has said of each mutation, as it has said it.
    fn mutations(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "## Mutations\n")?;
        for line in self.lines("mutate").filter(|line| line.starts_with("mutate ")) {
            // Who was caught is told in the line; who was not must be seen.
            let (said, verdict) = line.split_once(" ... ").unwrap_or((line, "ok"));
            let verdict = if verdict == "ok" { String::new() } else { format!(" **{verdict}**") };
            writeln!(f, "- {}{verdict}", &said["mutate ".len()..])?;
        }
        Ok(())
    }

    fn lines(&self, step: &str) -> impl Iterator<Item = &str> {
        self.kept
            .iter()
            .filter(move |kept| kept.step == step)
            .flat_map(|kept| &kept.lines)
            .map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::{Evidence, Page, lacking};
    use crate::report::{claims, steps::Kept};

    fn kept(step: &'static str, lines: &[&str]) -> Kept {
        let lines = lines.iter().map(|line| (*line).to_owned()).collect();
        Kept { step, commit: "0123456789".to_owned(), day: "2026-01-02".to_owned(), seconds: 61, lines }
    }

    #[test]
    fn the_page_says_what_ran_and_what_did_not() {
        let logs = [
            kept(
                "test",
                &[
                    "test x::a ... ok",
                    "aarch64 | test x::a ... ok",
                    "test x::b ... FAILED",
                    "2 passed, 1 failed",
                ],
            ),
            kept(
                "campaign",
                &[
                    "campaign, x86_64 process: 7 operations, 3 faults, 1 on large pages, seeds 1 to 2 ... ok",
                    "1 passed, 0 failed",
                ],
            ),
            kept(
                "mutate",
                &[
                    "x86_64: what the judges say without a mutation",
                    "mutate x86_64 0: a.S:1, deleted: `ret` -> nothing: caught by sweep: a ... ok",
                    "mutate x86_64 1: a.S:2, deleted: `nop` -> nothing ... FAILED: nothing has caught it",
                    "1 passed, 1 failed",
                ],
            ),
        ];
        let mut evidence = Evidence::default();
        logs.iter().for_each(|log| evidence.add(&log.lines));
        let chapters = claims::parse("[C]\none\n  a\ntwo\n  b\nthree\n  c\n").expect("it is whole");
        let claims = &chapters[0].claims;
        assert_eq!(lacking(&claims[0], &evidence), None);
        assert!(lacking(&claims[1], &evidence).is_some_and(|why| why.contains("has failed")));
        assert!(lacking(&claims[2], &evidence).is_some_and(|why| why.contains("has not run")));
        let page = Page { kept: &logs, evidence: &evidence, chapters: &chapters }.to_string();
        for line in [
            "| `test` | 2 passed, 1 failed | 2 min | `0123456789` | 2026-01-02 |",
            "| x86_64 process | 7 | 3 | 1 | 1 to 2 | 0 |",
            "| one | `a` | 1 | 1 | - | - |",
            "| | **\"c\" has not run** | | | | |",
            "- x86_64 0: a.S:1, deleted: `ret` -> nothing: caught by sweep: a",
            "- x86_64 1: a.S:2, deleted: `nop` -> nothing **FAILED: nothing has caught it**",
        ] {
            assert!(page.lines().any(|it| it == line), "{line:?} is not in\n{page}");
        }
    }
}
