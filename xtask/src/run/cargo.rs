// SPDX-License-Identifier: MIT OR Apache-2.0
//! Cargo on this machine, and what the tests that it runs come to.

use std::{
    io::{BufRead, BufReader, Read},
    process::{Command, Stdio},
    thread,
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
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).stdin(Stdio::null());
    let mut child = command.spawn().context("running cargo")?;
    let output = child.stdout.take().context("the output is a pipe")?;
    let errors = child.stderr.take().context("the errors are a pipe")?;
    let (mut passed, mut failed, mut ignored) = (0, 0, 0);
    let reasons = thread::scope(|scope| {
        // Beside the output: who fills a pipe that nobody reads waits forever.
        let reasons = scope.spawn(|| show(errors));
        for line in BufReader::new(output).lines() {
            let line = line.context("reading the tests' output")?;
            println!("{line}");
            if let Some([ok, bad, left_out]) = counts(&line) {
                passed += ok;
                failed += bad;
                ignored += left_out;
            }
        }
        anyhow::Ok(reasons.join().expect("it only reads and prints"))
    })?;
    let status = child.wait().context("waiting for cargo")?;
    let seconds = start.elapsed().as_secs();
    let verdict = match verdict(passed, failed, ignored) {
        verdict if status.success() => verdict,
        verdict => {
            let counted = verdict.err();
            let reasons = [format!("cargo says {status}")].into_iter().chain(reasons);
            Err(counted.into_iter().chain(reasons).collect::<Vec<_>>().join(", "))
        }
    };
    tally.part(&format!("{name}: {passed} tests in {seconds} s"), (passed, failed), verdict);
    Ok(())
}

/// How many lines are kept of what a program said that failed.
const MOST_LINES: usize = 6;

/// Prints what cargo and the tests write to the standard error, and keeps what says why a program failed: who sees only
/// the end of a long output sees that.
fn show(errors: impl Read) -> Vec<String> {
    let mut reasons = Vec::new();
    // What the program has said that runs now. Many panics are what a test wants.
    let mut said = Vec::new();
    let mut is_behind_panic = false;
    for line in BufReader::new(errors).split(b'\n').map_while(Result::ok) {
        let line = String::from_utf8_lossy(&line);
        eprintln!("{line}");
        let line = line.trim();
        let is_panic = line.contains(" panicked at ");
        if line.starts_with("Running ") {
            said.clear();
        } else if line.starts_with("error: test failed") {
            let last = said.len().saturating_sub(MOST_LINES);
            reasons.extend(said.drain(..).skip(last).chain([line.to_owned()]));
        } else if line.starts_with("process didn't exit successfully") {
            reasons.push(line.to_owned());
        } else if is_panic || is_behind_panic || line.starts_with("qemu: ") || line.starts_with("QEMU ") {
            said.push(line.to_owned());
        }
        // The line behind is the message.
        is_behind_panic = is_panic;
    }
    reasons
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
    use super::{MOST_LINES, counts, show, verdict};

    #[test]
    fn the_runners_line_is_read_and_no_other() {
        let line = "test result: FAILED. 12 passed; 3 failed; 2 ignored; 0 measured; 1 filtered out";
        assert_eq!(counts(line), Some([12, 3, 2]));
        assert_eq!(counts("test result_is_kept ... ok"), None);
        assert_eq!(counts("12 passed; 3 failed"), None);
    }
    #[test]
    fn of_the_errors_what_tells_why_is_kept() {
        let wanted = "     Running tests/one.rs (one-0)\nthread 'wanted' panicked at tests/one.rs:1:1:\nas it should\n";
        let failed = "     Running tests/small.rs (small-0)\nthread 'one' (7) panicked at tests/small.rs:3:5:\n\
            it is 7\nnote: run\nqemu: uncaught target signal 6 (Aborted) - core dumped\n\
            error: test failed, to rerun pass `-p axptr --test small`\n\nCaused by:\n  \
            process didn't exit successfully: `small-0` (signal: 6, SIGABRT: process abort signal)\n";
        let kept = [
            "thread 'one' (7) panicked at tests/small.rs:3:5:",
            "it is 7",
            "qemu: uncaught target signal 6 (Aborted) - core dumped",
            "error: test failed, to rerun pass `-p axptr --test small`",
            "process didn't exit successfully: `small-0` (signal: 6, SIGABRT: process abort signal)",
        ];
        assert_eq!(show([wanted, failed, wanted].concat().as_bytes()), kept);
        let many = ["Running x\n", &"a panicked at b\nc\n".repeat(99), "error: test failed\n"].concat();
        assert_eq!(show(many.as_bytes()).len(), MOST_LINES + 1);
        // What is no text is not lost.
        let odd = b"a panicked at \xff\n\nerror: test failed\n";
        assert_eq!(show(&odd[..]), ["a panicked at \u{fffd}", "", "error: test failed"]);
    }
    #[test]
    fn what_fails_or_does_not_run_is_no_success() {
        assert_eq!(verdict(3, 0, 0), Ok(()));
        for counts in [(0, 0, 0), (3, 1, 0), (3, 0, 1), (0, 0, 2)] {
            assert!(verdict(counts.0, counts.1, counts.2).is_err(), "{counts:?}");
        }
    }
}
