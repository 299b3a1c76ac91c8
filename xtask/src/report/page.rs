// SPDX-License-Identifier: MIT OR Apache-2.0
//! `docs/proof.md`, drawn.

use std::fmt;

use super::{
    claims::{Chapter, Claim},
    evidence::Evidence,
    steps::{self, Kept},
};
use crate::{machine::ALL, mutate::list::List};

/// All that the page is drawn from.
pub struct Page<'a> {
    pub kept: &'a [Kept],
    pub evidence: &'a Evidence,
    pub chapters: &'a [Chapter],
    pub lists: &'a [List],
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
             anew, `--kept` none. Commits are those of the run; a `+` behind one: with changes. A number below a machine \
             counts the runs of the test beside it that passed there, in all builds and on all processors; `-`: it does not run \
             there.\n"
        )?;
        writeln!(
            f,
            "What shows a claim runs alone by `cargo test NAME -- --include-ignored`; with a word behind its name, it is a line \
             of that command: `cargo test --test table -- --nocapture`, `cargo xtask kernel`, `audit` or `fuzz`, \
             `audit --counts` (counts), `cargo xtask clients` of that client.\n"
        )?;
        self.sums(f)?;
        self.campaign(f)?;
        self.fuzz(f)?;
        self.executed(f)?;
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
            let of = |end| counts.split(", ").find_map(|count| count.strip_suffix(end)).unwrap_or("not told");
            let [operations, faults, large] = [" operations", " faults", " on large pages"].map(of);
            let seeds = counts.split_once(", seeds ").map_or("not told", |(_, seeds)| seeds);
            let wrong = if verdict == "ok" { "0" } else { verdict };
            writeln!(f, "| {place} | {operations} | {faults} | {large} | {seeds} | {wrong} |")?;
        }
        writeln!(f)
    }

    /// How many inputs each target of libFuzzer had.
    fn fuzz(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "## Inputs that libFuzzer chose\n")?;
        writeln!(f, "| `cargo xtask fuzz` | inputs | in |\n|---|---|---|")?;
        for line in self.lines("test") {
            let Some((target, told)) = line.strip_prefix("fuzz ").and_then(|it| it.split_once(": ")) else {
                continue;
            };
            let Some((inputs, time)) = told.split_once(" inputs in ") else { continue };
            writeln!(f, "| `{target}` | {inputs} | {time} |")?;
        }
        writeln!(f)
    }

    /// What was executed from its bytes, a line for each program. One whose routines are those of others executes none.
    fn executed(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "## Routines executed from their bytes\n")?;
        writeln!(
            f,
            "`cargo xtask audit --counts`: in how many cases of length and edge, and how many landings that were changed in \
             a copy then answered otherwise.\n"
        )?;
        writeln!(f, "| program | routines | cases | changed answers |\n|---|---|---|---|")?;
        let behind =
            |line: &str, program: &str| Some(line.strip_prefix(program)?.strip_prefix(": ")?.to_owned());
        for line in self.lines("counts") {
            let Some((program, told)) = line.split_once(": ") else { continue };
            let Some((routines, told)) = told.split_once(" routines executed in ") else { continue };
            let Some((cases, _)) = told.split_once(" cases") else { continue };
            let mut others = self.lines("counts").filter_map(|line| behind(line, program));
            let changed = others
                .find_map(|it| Some(it.strip_suffix(" changes of landings change an answer")?.to_owned()));
            writeln!(
                f,
                "| {program} | {routines} | {cases} | {} |",
                changed.unwrap_or_else(|| "-".to_owned())
            )?;
        }
        writeln!(f)
    }

    fn chapter(&self, f: &mut fmt::Formatter<'_>, chapter: &Chapter) -> fmt::Result {
        writeln!(f, "## {}\n", chapter.title)?;
        let names = ALL.iter().map(|machine| machine.name);
        writeln!(f, "| claim | shown by | {} |", names.clone().collect::<Vec<_>>().join(" | "))?;
        writeln!(f, "|---|---|{}", "---|".repeat(ALL.len()))?;
        for claim in &chapter.claims {
            let shown_by = |test: &String| match self.evidence.commands(test).join(", ") {
                none if none.is_empty() => format!("`{test}`"),
                commands => format!("`{test}` ({commands})"),
            };
            let tests: Vec<_> = claim.tests.iter().map(shown_by).collect();
            write!(f, "| {} | {} |", claim.text, tests.join("<br>"))?;
            for name in names.clone() {
                // Each test for itself: what one does not see on a machine, no other makes up for.
                let passed = |test: &String| match self.evidence.of(test).get(name).map(|runs| runs.passed) {
                    None | Some(0) => "-".to_owned(),
                    Some(passed) => passed.to_string(),
                };
                let passed: Vec<_> = claim.tests.iter().map(passed).collect();
                write!(f, " {} |", passed.join("<br>"))?;
            }
            writeln!(f)?;
            if let Some(lacking) = lacking(claim, self.evidence) {
                writeln!(f, "| | **{lacking}** |{}", " |".repeat(ALL.len()))?;
            }
        }
        writeln!(f)
    }

    /// What became of each mutation.
    fn mutations(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "## Mutations\n")?;
        writeln!(
            f,
            "Changes that `cargo xtask mutate` has drawn by its seed and made, and who has caught each.\n"
        )?;
        for list in self.lists {
            writeln!(f, "### {list}\n")?;
            for line in list.lines() {
                writeln!(f, "- {line}")?;
            }
            writeln!(f)?;
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
                    "fuzz ranges: 17 inputs in 60 s",
                    "2 passed, 1 failed",
                ],
            ),
            kept(
                "counts",
                &[
                    "x86_64 kernel: 14 routines executed in 900 cases, 2 texts like one that was executed",
                    "x86_64 kernel: each routine answers at each fault what it has done ... ok",
                    "x86_64 kernel: 30 of 40 changes of landings change an answer",
                    "x86_64 process: 0 routines executed in 0 cases, 16 texts like one that was executed",
                    "1 passed, 0 failed",
                ],
            ),
            kept(
                "campaign",
                &[
                    "campaign, x86_64 process: 7 operations, 3 faults, 1 on large pages, seeds 1 to 2 ... ok",
                    "1 passed, 0 failed",
                ],
            ),
        ];
        let mut evidence = Evidence::default();
        logs.iter().for_each(|log| evidence.add(log.step, &log.lines));
        let chapters = claims::parse("[C]\none\n  a\n  a\ntwo\n  b\nthree\n  c\n").expect("it is whole");
        let claims = &chapters[0].claims;
        assert_eq!(lacking(&claims[0], &evidence), None);
        assert!(lacking(&claims[1], &evidence).is_some_and(|why| why.contains("has failed")));
        assert!(lacking(&claims[2], &evidence).is_some_and(|why| why.contains("has not run")));
        let page = Page { kept: &logs, evidence: &evidence, chapters: &chapters, lists: &[] }.to_string();
        for line in [
            "| `test` | 2 passed, 1 failed | 2 min | `0123456789` | 2026-01-02 |",
            "| x86_64 process | 7 | 3 | 1 | 1 to 2 | 0 |",
            "| `ranges` | 17 | 60 s |",
            "| x86_64 kernel | 14 | 900 | 30 of 40 |",
            "| x86_64 process | 0 | 0 | - |",
            "| one | `a`<br>`a` | 1<br>1 | 1<br>1 | -<br>- | -<br>- |",
            "| | **\"c\" has not run** | | | | |",
        ] {
            assert!(page.lines().any(|it| it == line), "{line:?} is not in\n{page}");
        }
    }
}
