// SPDX-License-Identifier: MIT OR Apache-2.0
//! `cargo xtask report`: what is promised, where it is shown, and how often it was: `docs/proof.md`, from what the commands
//! print and from nothing else.

mod claims;
mod evidence;
mod page;
mod steps;

use std::fs;

use anyhow::{Context, Result, bail, ensure};

use self::{
    evidence::Evidence,
    page::Page,
    steps::{MUTATE, STEPS},
};
use crate::{machine::ALL, mutate::list::List, root::root, run::report::Tally};

/// The option that runs nothing.
const KEPT: &str = "--kept";

/// Runs the commands that are named, or all, and writes the page from what they and the others have said last.
pub fn run(args: &[String], tally: &mut Tally) -> Result<()> {
    for step in chosen(args)? {
        steps::run(step)?;
    }
    let mut kept = Vec::new();
    let mut evidence = Evidence::default();
    let mut lacking = Vec::new();
    for step in STEPS {
        match steps::kept(step)? {
            Some(log) => {
                evidence.add(step, &log.lines);
                tally.check(&format!("what {step} has said"), log.outcome());
                kept.push(log);
            }
            None => lacking.push(*step),
        }
    }
    // A page without them would say less than the one that is there.
    ensure!(
        lacking.is_empty(),
        "docs/proof.md stays as it is: nothing is kept of {0} here, and `cargo xtask report {0}` runs them",
        lacking.join(" ")
    );
    let lists = ALL.iter().map(|machine| List::committed(machine.name)).collect::<Result<Vec<_>>>()?;
    for list in &lists {
        tally.check(&format!("mutations: {list}"), list.outcome());
    }
    let text = fs::read_to_string(root().join("tests/claims.txt")).context("reading the claims")?;
    let chapters = claims::parse(&text)?;
    for chapter in &chapters {
        let lacking: Vec<_> =
            chapter.claims.iter().filter_map(|claim| page::lacking(claim, &evidence)).collect();
        let outcome = match lacking.len() {
            0 => Ok(()),
            some => Err(format!("{some} lack a test, see the page")),
        };
        tally.check(&format!("{}: {} claims", chapter.title, chapter.claims.len()), outcome);
    }
    let page = Page { kept: &kept, evidence: &evidence, chapters: &chapters, lists: &lists };
    let path = root().join("docs/proof.md");
    fs::write(&path, page.to_string()).with_context(|| format!("writing {}", path.display()))?;
    println!("docs/proof.md is drawn");
    Ok(())
}

/// Which commands are to run: those that are named; without a name, all; none if what is kept will do.
fn chosen(args: &[String]) -> Result<Vec<&'static str>> {
    let all = [STEPS, &[MUTATE]].concat();
    match args {
        [] => Ok(all),
        [only] if only == KEPT => Ok(Vec::new()),
        names => names
            .iter()
            .map(|name| match all.iter().find(|step| *step == name) {
                Some(step) => Ok(*step),
                None if name.starts_with('-') => {
                    bail!("no option {name:?} here; there is {KEPT}, without steps")
                }
                None => bail!("no step {name:?}; there are {}, or {KEPT} alone", all.join(", ")),
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::{STEPS, chosen};

    fn of(args: &[&str]) -> Option<Vec<&'static str>> {
        chosen(&args.iter().map(|arg| (*arg).to_owned()).collect::<Vec<_>>()).ok()
    }

    #[test]
    fn what_is_named_runs_and_without_a_name_all() {
        assert_eq!(of(&[]), Some([STEPS, &["mutate"]].concat()));
        assert_eq!(of(&["--kept"]), Some(vec![]));
        assert_eq!(of(&["mutate", "test"]), Some(vec!["mutate", "test"]));
        assert_eq!(of(&["no"]), None);
        assert_eq!(of(&["test", "--kept"]), None);
    }
}
