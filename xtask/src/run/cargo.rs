// SPDX-License-Identifier: MIT OR Apache-2.0
//! Cargo on this machine, and what the tests that it runs come to.

use std::{
    io::{BufRead, BufReader},
    process::{Command, Stdio},
    time::Instant,
};

use anyhow::{Context, Result};

use super::report::Tally;
use crate::{env::command, root::root};

/// `cargo ARGS` with the hosted tests' folder.
pub fn cargo(args: &[&str]) -> Command {
    let mut command = command::clean("cargo");
    command.args(args).env("CARGO_TARGET_DIR", root().join("target/hosted"));
    command
}

/// Whether a command ends well; it prints what it has to say itself.
pub fn succeeds(mut command: Command) -> Result<Result<(), String>> {
    let status = command.stdin(Stdio::null()).status().context("running cargo")?;
    Ok(if status.success() { Ok(()) } else { Err(status.to_string()) })
}

/// Runs a `cargo test`, shows what it prints, and adds what its runners count.
pub fn count_tests(mut command: Command, name: &str, tally: &mut Tally) -> Result<()> {
    println!("== {name}");
    let start = Instant::now();
    let mut child = command.stdout(Stdio::piped()).stdin(Stdio::null()).spawn().context("running cargo")?;
    let output = child.stdout.take().context("the output is a pipe")?;
    let (mut passed, mut failed, mut ignored) = (0, 0, 0);
    for line in BufReader::new(output).lines() {
        let line = line.context("reading the tests' output")?;
        println!("{line}");
        if let Some([ok, bad, left_out]) = counts(&line) {
            passed += ok;
            failed += bad;
            ignored += left_out;
        }
    }
    let status = child.wait().context("waiting for cargo")?;
    let seconds = start.elapsed().as_secs();
    let verdict = match verdict(passed, failed, ignored) {
        Ok(()) if !status.success() => Err(format!("cargo says {status}")),
        Err(why) if !status.success() => Err(format!("{why}, cargo says {status}")),
        verdict => verdict,
    };
    tally.part(&format!("{name}: {passed} tests in {seconds} s"), (passed, failed), verdict);
    Ok(())
}

/// What the counts alone say. A test that is left out is none that passes: here all of them run.
fn verdict(passed: usize, failed: usize, ignored: usize) -> Result<(), String> {
    match (passed, failed, ignored) {
        (_, 1.., _) => Err(format!("{failed} tests failed")),
        (_, _, 1..) => Err(format!("{ignored} tests were left out")),
        (0, ..) => Err("no test ran".to_owned()),
        _ => Ok(()),
    }
}

/// What the standard runner's line `test result: ok. 3 passed; 0 failed; ..` counts.
fn counts(line: &str) -> Option<[usize; 3]> {
    let rest = line.strip_prefix("test result: ")?;
    let number_before = |word: &str| {
        let before = &rest[..rest.find(word)?];
        before.split_whitespace().next_back()?.parse().ok()
    };
    Some([number_before(" passed")?, number_before(" failed")?, number_before(" ignored")?])
}

#[cfg(test)]
mod tests {
    use super::{counts, verdict};

    #[test]
    fn the_runners_line_is_read_and_no_other() {
        let line = "test result: FAILED. 12 passed; 3 failed; 2 ignored; 0 measured; 1 filtered out";
        assert_eq!(counts(line), Some([12, 3, 2]));
        assert_eq!(counts("test result_is_kept ... ok"), None);
        assert_eq!(counts("12 passed; 3 failed"), None);
    }
    #[test]
    fn what_fails_or_does_not_run_is_no_success() {
        assert_eq!(verdict(3, 0, 0), Ok(()));
        for counts in [(0, 0, 0), (3, 1, 0), (3, 0, 1), (0, 0, 2)] {
            assert!(verdict(counts.0, counts.1, counts.2).is_err(), "{counts:?}");
        }
    }
}
