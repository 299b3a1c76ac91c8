// SPDX-License-Identifier: MIT OR Apache-2.0
//! The commands of several machines beside each other: most of what they do keeps one core busy and the other idle.

use std::{
    env,
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result};

use super::{pool, report::Tally};
use crate::machine::Machine;

/// How many machines at once.
const LANES: usize = 2;

/// How long a command may take. The longest takes half of it, on two idle cores; who hangs is named, and does not take the
/// others along.
const LIMIT: Duration = Duration::from_secs(45 * 60);

/// What `timeout` says of who was late, and of who had to be killed.
const LATE: [Option<i32>; 2] = [Some(124), Some(137)];

/// How many of a command's failures are named again where it is counted.
const MOST_NAMED: usize = 10;

/// Runs each of our own commands for each machine: a machine's one after another, two machines at once.
pub fn run(machines: Vec<&'static Machine>, commands: &[&str], tally: &mut Tally) -> Result<()> {
    let own = env::current_exe().context("finding this program")?;
    let start = Instant::now();
    let of_machine = |machine: &'static Machine| -> Result<Vec<Ended>> {
        let one = |command: &&str| {
            println!("{} | == {command}, {} s after the first", machine.name, start.elapsed().as_secs());
            Ended::of(&own, command, machine.name, LIMIT)
        };
        commands.iter().map(one).collect()
    };
    pool::run(machines, LANES, of_machine, |ended| {
        for Ended { name, sum, outcome } in ended? {
            tally.part(&name, sum, outcome);
        }
        Ok(())
    })
}

/// What a command has come to.
#[derive(Debug)]
struct Ended {
    name: String,
    /// Passed and failed.
    sum: (usize, usize),
    outcome: Result<(), String>,
}

impl Ended {
    /// Runs it, and prints what it says behind the machine's name.
    fn of(program: &Path, command: &str, machine: &str, limit: Duration) -> Result<Self> {
        let start = Instant::now();
        // It ends what the command has started, too.
        let mut process = Command::new("timeout");
        process.args(["--kill-after=10", &limit.as_secs().to_string()]).arg(program);
        process.args([command, machine]).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = process.spawn().with_context(|| format!("running {}", program.display()))?;
        let output = child.stdout.take().context("the output is a pipe")?;
        let (mut last, mut failures) = (String::new(), Vec::new());
        for line in BufReader::new(output).lines() {
            last = line.context("reading the command's output")?;
            println!("{machine} | {last}");
            // As this program, its kernels and cargo's tests all say it.
            if failures.len() < MOST_NAMED && last.contains(" ... FAILED") {
                failures.push(last.clone());
            }
        }
        let status = child.wait().context("waiting for the command")?;
        let sum = sum(&last);
        let outcome = match (sum, status.success()) {
            (Some(_), true) => Ok(()),
            (_, false) if LATE.contains(&status.code()) => {
                Err(format!("still running after {} s, behind {last:?}", limit.as_secs()))
            }
            (Some((_, failed)), false) => Err(format!("{failed} failed, {status}")),
            (None, _) => Err(format!("it has not come to its sum: {status}")),
        };
        let outcome = outcome.map_err(|reason| [&[reason], &failures[..]].concat().join("; "));
        let name = format!("{command} {machine} (in {} s)", start.elapsed().as_secs());
        Ok(Self { name, sum: sum.unwrap_or_default(), outcome })
    }
}

/// The numbers of a command's last line `3 passed, 0 failed`.
fn sum(line: &str) -> Option<(usize, usize)> {
    let (passed, failed) = line.split_once(", ")?;
    Some((passed.strip_suffix(" passed")?.parse().ok()?, failed.strip_suffix(" failed")?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use std::{path::Path, time::Duration};

    use super::{Ended, sum};

    #[test]
    fn the_sum_is_read_and_nothing_else() {
        assert_eq!(sum("12 passed, 3 failed"), Some((12, 3)));
        for other in ["", "12 passed", "12 passed, 3 failed, 1 lost", "test result: ok. 12 passed; 3 failed"]
        {
            assert_eq!(sum(other), None, "{other:?}");
        }
    }

    /// A shell stands for this program: `-c` for a command, a script for a machine.
    fn ended(script: &str) -> Ended {
        Ended::of(Path::new("/bin/sh"), "-c", script, Duration::from_secs(2)).expect("there is a shell")
    }

    #[test]
    fn who_hangs_is_ended_and_named() {
        let late = ended("echo 'the last word'; sleep 60 & wait").outcome;
        assert_eq!(late, Err("still running after 2 s, behind \"the last word\"".to_owned()));
    }

    #[test]
    fn only_a_sum_and_a_good_end_are_a_success() {
        let good = ended("echo told; echo '2 passed, 0 failed'");
        assert_eq!((good.sum, good.outcome), ((2, 0), Ok(())));
        let failed = ended("echo '2 passed, 1 failed'; exit 1");
        assert_eq!(failed.sum, (2, 1));
        assert!(failed.outcome.is_err());
        let told =
            ended("echo 'a ... ok'; echo 'b ... FAILED: x'; echo '1 passed, 1 failed'; exit 1").outcome;
        assert!(told.as_ref().is_err_and(|why| why.ends_with("; b ... FAILED: x")), "{told:?}");
        for script in ["exit 0", "echo '2 passed, 0 failed'; echo more", "echo '2 passed, 0 failed'; kill $$"]
        {
            assert!(ended(script).outcome.is_err(), "{script}");
        }
    }
}
