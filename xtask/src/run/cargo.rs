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
    let (mut passed, mut failed) = (0, 0);
    for line in BufReader::new(output).lines() {
        let line = line.context("reading the tests' output")?;
        println!("{line}");
        if let Some((ok, bad)) = counts(&line) {
            passed += ok;
            failed += bad;
        }
    }
    let status = child.wait().context("waiting for cargo")?;
    let seconds = start.elapsed().as_secs();
    let verdict = match (status.success(), passed) {
        (true, 1..) => Ok(()),
        (true, 0) => Err("no test ran".to_owned()),
        (false, _) => Err(format!("{failed} tests failed, cargo says {status}")),
    };
    tally.part(&format!("{name}: {passed} tests in {seconds} s"), (passed, failed), verdict);
    Ok(())
}

/// What the standard runner's line `test result: ok. 3 passed; 0 failed; ..` counts.
fn counts(line: &str) -> Option<(usize, usize)> {
    let rest = line.strip_prefix("test result: ")?;
    let number_before = |word: &str| {
        let before = &rest[..rest.find(word)?];
        before.split_whitespace().next_back()?.parse().ok()
    };
    Some((number_before(" passed")?, number_before(" failed")?))
}

#[cfg(test)]
mod tests {
    use super::counts;

    #[test]
    fn the_runners_line_is_read_and_no_other() {
        let line = "test result: FAILED. 12 passed; 3 failed; 0 ignored; 0 measured; 1 filtered out";
        assert_eq!(counts(line), Some((12, 3)));
        assert_eq!(counts("test result_is_kept ... ok"), None);
        assert_eq!(counts("12 passed; 3 failed"), None);
    }
}
