// SPDX-License-Identifier: MIT OR Apache-2.0
//! The commands whose outputs the report is drawn from, and what is kept of each.

use std::{
    env,
    fmt::Write as _,
    fs,
    io::{BufRead, BufReader, Write as _},
    path::PathBuf,
    process::{Command, Stdio},
    time::Instant,
};

use anyhow::{Context, Result, bail};

use crate::{env::command, root::root};

/// All of them whose words are kept, the long ones last.
pub const STEPS: &[&str] = &["test", "counts", "campaign", "memmap2", "wasmtime", "vm-memory", "starry"];

/// What keeps its verdicts itself, committed with the sources.
pub const MUTATE: &str = "mutate";

/// Those that are clients: `cargo xtask clients NAME`.
const CLIENTS: &[&str] = &["memmap2", "wasmtime", "vm-memory", "starry"];

/// What is typed behind `cargo xtask` to run one. Verdicts on mutations that are committed hold: all of them take hours.
pub fn command(step: &'static str) -> Vec<&'static str> {
    match step {
        "mutate" => vec![step, "--go-on"],
        "counts" => vec!["audit", "--counts"],
        _ if CLIENTS.contains(&step) => vec!["clients", step],
        _ => vec![step],
    }
}

/// What one of them has said, and when.
#[derive(Debug)]
pub struct Kept {
    pub step: &'static str,
    /// The sources that it ran on.
    pub commit: String,
    /// The day, in UTC.
    pub day: String,
    pub seconds: u64,
    pub lines: Vec<String>,
}

impl Kept {
    /// Whether it came to its end, and nothing failed.
    pub fn outcome(&self) -> Result<(), String> {
        match self.lines.last() {
            Some(last) if sum(last).is_some_and(|(passed, failed)| passed > 0 && failed == 0) => Ok(()),
            last => Err(format!("it came to {:?}", last.map_or("nothing", |line| line))),
        }
    }
}

/// The sum that the last line of what was said is: how many passed and failed.
fn sum(said: &str) -> Option<(usize, usize)> {
    let (passed, failed) = said.lines().last()?.strip_suffix(" failed")?.split_once(" passed, ")?;
    Some((passed.parse().ok()?, failed.parse().ok()?))
}

/// Runs one, shows what it says, and keeps it.
pub fn run(step: &'static str) -> Result<()> {
    let path = path(step);
    fs::create_dir_all(path.parent().context("the folder has a parent")?)?;
    let (commit, day) = (commit()?, day()?);
    let start = Instant::now();
    let mut child = Command::new(env::current_exe().context("finding this program")?)
        .args(command(step))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("running {step}"))?;
    let output = child.stdout.take().context("the output is a pipe")?;
    let mut said = String::new();
    for line in BufReader::new(output).lines() {
        let line = line.with_context(|| format!("reading the output of {step}"))?;
        println!("{line}");
        writeln!(said, "{line}")?;
    }
    let status = child.wait().with_context(|| format!("waiting for {step}"))?;
    // What a command says of itself at its end counts only if it came there.
    if !status.success() && sum(&said).is_none_or(|(_, failed)| failed == 0) {
        writeln!(said, "{step} ended with {status}")?;
    }
    let mut file = fs::File::create(&path).with_context(|| format!("writing {}", path.display()))?;
    write!(file, "{commit} {day} {}\n{said}", start.elapsed().as_secs())?;
    Ok(())
}

/// What is kept of one, if it has run.
pub fn kept(step: &'static str) -> Result<Option<Kept>> {
    let Ok(text) = fs::read_to_string(path(step)) else { return Ok(None) };
    parse(step, &text).map(Some)
}

fn parse(step: &'static str, text: &str) -> Result<Kept> {
    let mut lines = text.lines();
    let head: Vec<&str> = lines.next().unwrap_or_default().split(' ').collect();
    let [commit, day, seconds] = head[..] else { bail!("what is kept of {step} has no first line") };
    let seconds = seconds.parse().with_context(|| format!("the seconds of {step}: {seconds:?}"))?;
    let lines = lines.map(str::to_owned).collect();
    Ok(Kept { step, commit: commit.to_owned(), day: day.to_owned(), seconds, lines })
}

fn path(step: &str) -> PathBuf {
    root().join("target/proof").join(step).with_extension("log")
}

/// The commit that is checked out; with a `+` where the files have been changed since.
fn commit() -> Result<String> {
    let git = |args: &[&str]| -> Result<String> {
        let output = command::clean("git").args(args).output().context("running git")?;
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let changed = if git(&["status", "--porcelain"])?.is_empty() { "" } else { "+" };
    Ok(format!("{}{changed}", git(&["rev-parse", "--short=10", "HEAD"])?))
}

fn day() -> Result<String> {
    let output = Command::new("date").args(["-u", "+%F"]).output().context("running date")?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::{STEPS, command, parse};

    #[test]
    fn each_step_is_a_command() {
        assert_eq!(command("starry"), ["clients", "starry"]);
        assert_eq!(command("test"), ["test"]);
        assert_eq!(command("counts"), ["audit", "--counts"]);
        for step in STEPS.iter().filter(|step| **step != "counts") {
            assert!(command(step).contains(step));
        }
    }

    #[test]
    fn what_did_not_end_well_is_no_success() {
        let outcome =
            |text: &str| parse("test", &format!("0123456789 2026-01-02 7\n{text}")).map(|it| it.outcome());
        assert!(matches!(outcome("a ... ok\n1 passed, 0 failed\n"), Ok(Ok(()))));
        for bad in [
            "",
            "a ... ok\n",
            "0 passed, 0 failed\n",
            "1 passed, 1 failed\n",
            "1 passed, 0 failed\ntest ended with exit status: 101\n",
            "test result: ok. 1 passed, 0 failed\n",
        ] {
            assert!(matches!(outcome(bad), Ok(Err(_))), "{bad:?}");
        }
    }

    #[test]
    fn what_is_kept_comes_back() {
        let kept =
            parse("test", "0123456789+ 2026-01-02 77\na ... ok\n1 passed, 0 failed\n").expect("it is whole");
        assert_eq!((&*kept.commit, &*kept.day, kept.seconds), ("0123456789+", "2026-01-02", 77));
        assert_eq!(kept.lines, ["a ... ok", "1 passed, 0 failed"]);
        for broken in ["", "0123456789 77\n", "0123456789 2026-01-02 soon\n"] {
            assert!(parse("test", broken).is_err(), "{broken:?}");
        }
    }
}
