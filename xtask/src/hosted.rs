// SPDX-License-Identifier: MIT OR Apache-2.0
//! `cargo xtask hosted`: the tests in a Linux process.

use std::{
    io::{BufRead, BufReader},
    process::{Command, Stdio},
    time::Instant,
};

use anyhow::{Context, Result, ensure};

use crate::{machine, report::Tally, root, toolchain};

/// One way to build, and the tests that run in it.
struct Variant {
    name: &'static str,
    profile: &'static str,
    rustflags: &'static str,
    tests: &'static [&'static str],
}

/// The tests that ask whether the table survived compiler and linker, with a fault for each entry.
const TABLE_TESTS: &[&str] = &["--test", "extable", "--test", "table", "--test", "sweep"];

const VARIANTS: &[Variant] = &[
    Variant { name: "debug", profile: "dev", rustflags: "", tests: &[] },
    Variant { name: "release", profile: "release", rustflags: "", tests: TABLE_TESTS },
    Variant { name: "one codegen unit", profile: "one-unit", rustflags: "", tests: TABLE_TESTS },
    Variant { name: "fat LTO", profile: "fat-lto", rustflags: "", tests: TABLE_TESTS },
    Variant {
        name: "GNU ld",
        profile: "release",
        // The compiler's own lld is the default on x86_64 only.
        rustflags: "-Clinker-features=-lld",
        tests: TABLE_TESTS,
    },
];

/// Runs the tests of the library in each variant.
pub fn run(names: &[String], tally: &mut Tally) -> Result<()> {
    for machine in machine::chosen(names)? {
        ensure!(
            machine.name == std::env::consts::ARCH,
            "no hosted tests for {} on {}",
            machine.name,
            std::env::consts::ARCH
        );
        for variant in VARIANTS {
            variant.run(tally)?;
        }
    }
    Ok(())
}

impl Variant {
    fn run(&self, tally: &mut Tally) -> Result<()> {
        let mut command = toolchain::clean("cargo");
        command
            .args(["test", "--quiet", "--no-fail-fast", "--package", "axptr", "--profile", self.profile])
            .args(self.tests)
            .env("CARGO_TARGET_DIR", root().join("target/hosted"));
        if !self.rustflags.is_empty() {
            command.env("RUSTFLAGS", self.rustflags);
            // Other flags would rebuild what the other variants share.
            command.env("CARGO_TARGET_DIR", root().join("target/hosted-gnu-ld"));
        }
        if self.tests.contains(&"sweep") {
            // The sweep prints how many cases it was.
            command.args(["--", "--nocapture"]);
        }
        count_tests(command, &format!("hosted, {}", self.name), tally)
    }
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
    tally.add(passed, failed);
    let seconds = start.elapsed().as_secs();
    let verdict = match (status.success(), passed) {
        (true, 1..) => Ok(()),
        (true, 0) => Err("no test ran".to_owned()),
        (false, _) => Err(format!("{failed} tests failed, cargo says {status}")),
    };
    tally.check(&format!("{name}: {passed} tests in {seconds} s"), verdict);
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
