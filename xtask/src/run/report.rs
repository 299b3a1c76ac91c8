// SPDX-License-Identifier: MIT OR Apache-2.0
//! The sum that each testing command ends with.

use std::process::ExitCode;

/// How many tests passed and failed so far.
#[derive(Debug, Default)]
pub struct Tally {
    passed: usize,
    failed: usize,
    /// What has failed, for those who see only the end of a long output.
    failures: Vec<String>,
}

impl Tally {
    fn add(&mut self, passed: usize, failed: usize) {
        self.passed += passed;
        self.failed += failed;
    }

    /// Counts one test and prints its line; `Err` says why it failed.
    pub fn check(&mut self, name: &str, outcome: Result<(), String>) {
        match outcome {
            Ok(()) => {
                println!("{name} ... ok");
                self.add(1, 0);
            }
            Err(reason) => {
                println!("{name} ... FAILED: {reason}");
                self.add(0, 1);
                self.failures.push(format!("{name}: {reason}"));
            }
        }
    }

    /// Counts a part that has counted its own tests, and printed them: those, passed and failed, and its outcome.
    pub fn part(&mut self, name: &str, (passed, failed): (usize, usize), outcome: Result<(), String>) {
        self.add(passed, failed);
        self.check(name, outcome);
    }

    /// Whether any has failed.
    pub fn has_failed(&self) -> bool {
        self.failed > 0
    }

    /// Prints what has failed, and the sum as the last line. No test at all is a failure too.
    pub fn finish(self) -> ExitCode {
        for failure in &self.failures {
            println!("failed: {failure}");
        }
        println!("{} passed, {} failed", self.passed, self.failed);
        if self.failed == 0 && self.passed > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}
