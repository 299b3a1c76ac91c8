// SPDX-License-Identifier: MIT OR Apache-2.0
//! `cargo xtask report`: what is promised, where it is shown, and how often it was: `docs/proof.md`, from what the commands
//! print and from nothing else.

mod claims;
mod evidence;
mod page;
mod steps;

use std::fs;

use anyhow::{Context, Result, bail};

use self::{evidence::Evidence, page::Page, steps::STEPS};
use crate::{root::root, run::report::Tally};

/// The option that runs nothing.
const KEPT: &str = "--kept";

/// Runs the commands that are named, or all, and writes the page from what they and the others have said last.
pub fn run(args: &[String], tally: &mut Tally) -> Result<()> {
    for step in chosen(args)? {
        steps::run(step)?;
    }
    let mut kept = Vec::new();
    let mut evidence = Evidence::default();
    for step in STEPS {
        match steps::kept(step)? {
            Some(log) => {
                evidence.add(&log.lines);
                kept.push(log);
                tally.check(&format!("what {step} has said is kept"), Ok(()));
            }
            None => tally.check(&format!("what {step} has said is kept"), Err("it has never run".to_owned())),
        }
    }
    let text = fs::read_to_string(root().join("tests/claims.txt")).context("reading the claims")?;
    let chapters = claims::parse(&text)?;
    for chapter in &chapters {
        let lacking: Vec<_> =
            chapter.claims.iter().filter_map(|claim| page::lacking(claim, &evidence)).collect();
        let outcome = if lacking.is_empty() { Ok(()) } else { Err(lacking.join("; ")) };
        tally.check(&format!("{}: {} claims", chapter.title, chapter.claims.len()), outcome);
    }
    let page = Page { kept: &kept, evidence: &evidence, chapters: &chapters };
    let path = root().join("docs/proof.md");
    fs::write(&path, page.to_string()).with_context(|| format!("writing {}", path.display()))?;
    println!("docs/proof.md is drawn");
    Ok(())
}

/// Which commands are to run: those that are named; without a name, all; none if what is kept will do.
fn chosen(args: &[String]) -> Result<Vec<&'static str>> {
    match args {
        [] => Ok(STEPS.to_vec()),
        [only] if only == KEPT => Ok(Vec::new()),
        names => names
            .iter()
            .map(|name| match STEPS.iter().find(|step| *step == name) {
                Some(step) => Ok(*step),
                None => bail!("no step {name:?}; there are {}, or {KEPT} alone", STEPS.join(", ")),
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
        assert_eq!(of(&[]).as_deref(), Some(STEPS));
        assert_eq!(of(&["--kept"]), Some(vec![]));
        assert_eq!(of(&["mutate", "test"]), Some(vec!["mutate", "test"]));
        assert_eq!(of(&["no"]), None);
        assert_eq!(of(&["test", "--kept"]), None);
    }
}
