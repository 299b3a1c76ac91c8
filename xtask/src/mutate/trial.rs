// SPDX-License-Identifier: MIT OR Apache-2.0
//! A mutation before its judges.

use std::{
    env,
    fs::{self, File},
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail};

use super::{
    change::Change,
    court::{self, CAUGHT, LATE, NOT_BUILT, PASSED},
    judges::{self, Asked, Judge},
    tree::Tree,
};
use crate::{env::cache, machine::Machine, root::ELSEWHERE};

/// The option by which this program is told to be a judge.
pub const JUDGE: &str = "--judge";

/// What comes out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is none: it does not assemble or compile.
    NotBuilt,
    /// By this judge, who says this.
    Caught(String),
    /// Nobody has caught it.
    Survived,
}

/// Has a change judged, until one says that it is wrong or cannot be built. If that one is not yet `trusted`, he judges the
/// tree without it, too: who finds that wrong anyway, or cannot build it, tells nothing.
pub fn run(
    tree: &Tree,
    change: &Change,
    asked: Asked,
    machine: &'static Machine,
    log: &Path,
    trusted: &mut Vec<Judge>,
) -> Result<Verdict> {
    let judges = judges::order(&change.file, machine).into_iter().filter(|judge| judge.is(asked));
    let found = tree.with(change, || {
        for judge in judges {
            match ask(tree, judge, machine, log)? {
                Said::Verdict(verdict) => return Ok(Some((judge, verdict))),
                // He may be slow, or what is wrong may keep him from an end: the next one is asked.
                Said::Late => println!("{} has come to no end", judge.name()),
                Said::Nothing => {}
            }
        }
        Ok(None)
    })?;
    let Some((judge, verdict)) = found else { return Ok(Verdict::Survived) };
    trust(tree, judge, machine, log, trusted)?;
    Ok(verdict)
}

/// Has the tree judged as it is by those who are asked about these files.
pub fn unchanged(
    tree: &Tree,
    files: &[&str],
    asked: Asked,
    machine: &'static Machine,
    log: &Path,
) -> Result<Vec<Judge>> {
    let mut trusted = Vec::new();
    for judge in files.iter().flat_map(|file| judges::order(file, machine)).filter(|judge| judge.is(asked)) {
        trust(tree, judge, machine, log, &mut trusted)?;
    }
    Ok(trusted)
}

/// Who catches something in the tree as it is can tell nothing of a mutation.
fn trust(tree: &Tree, judge: Judge, machine: &Machine, log: &Path, trusted: &mut Vec<Judge>) -> Result<()> {
    if trusted.contains(&judge) {
        return Ok(());
    }
    match ask(tree, judge, machine, log)? {
        Said::Nothing => {
            trusted.push(judge);
            Ok(())
        }
        said => bail!("without a mutation: {said:?}, see {}", log.display()),
    }
}

/// What a judge says.
#[derive(Debug)]
enum Said {
    /// He has found nothing.
    Nothing,
    Verdict(Verdict),
    /// He has come to no end.
    Late,
}

fn ask(tree: &Tree, judge: Judge, machine: &Machine, log: &Path) -> Result<Said> {
    let file = File::create(log).with_context(|| format!("making {}", log.display()))?;
    let mut command = Command::new(env::current_exe().context("finding this program")?);
    command.args(["mutate", JUDGE, judge.name(), machine.name]).env(ELSEWHERE, tree.root());
    let mut limited = court::limited(&command, judge.longest());
    limited.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
    let code = limited.status().context("starting a judge")?.code();
    if court::is_late(code) {
        return Ok(Said::Late);
    }
    let code = code.and_then(|code| u8::try_from(code).ok());
    let said = fs::read(log).with_context(|| format!("reading {}", log.display()))?;
    // The list says nothing of where the tree lay, and what was built of it.
    let mut said = String::from_utf8_lossy(&said).into_owned();
    for folder in [tree.root(), &cache::builds_of(tree.root())] {
        said = said.replace(&format!("{}/", folder.display()), "");
    }
    Ok(match code {
        Some(PASSED) => Said::Nothing,
        Some(CAUGHT) => Said::Verdict(Verdict::Caught(format!("{}: {}", judge.name(), failure(&said)))),
        Some(NOT_BUILT) => Said::Verdict(Verdict::NotBuilt),
        _ => bail!("the judge has failed, see {}", log.display()),
    })
}

/// What has failed, of all that was said.
fn failure(said: &str) -> String {
    let first = |mark: &str| said.lines().find(|line| line.contains(mark));
    let late = first(LATE);
    let line =
        late.or_else(|| first(" ... FAILED")).map(|line| line.split(" ... FAILED").next().unwrap_or(line));
    let line = line
        .or_else(|| first("' panicked at ").or_else(|| first(" panicked at ")))
        .or_else(|| first("(signal: "))
        .or_else(|| said.lines().last());
    let line = line.unwrap_or("nothing").trim();
    line.strip_prefix("test ").unwrap_or(line).chars().take(MOST).collect()
}

/// How much of a failure is kept.
const MOST: usize = 160;

#[cfg(test)]
mod tests {
    use super::failure;

    #[test]
    fn the_first_failure_is_named() {
        for (said, expected) in [
            ("test a::b ... ok\ntest a::c ... FAILED\nmore", "a::c"),
            ("x86_64 kernel: the window is open ... FAILED: 1 places", "x86_64 kernel: the window is open"),
            (
                "process didn't exit successfully: `x` (signal: 11, SIGSEGV)\nerror",
                "process didn't exit successfully: `x` (signal: 11, SIGSEGV)",
            ),
            ("it hangs: still running after 300 s\ntest a ... FAILED", "it hangs: still running after 300 s"),
            ("", "nothing"),
        ] {
            assert_eq!(failure(said), expected);
        }
    }
}
