// SPDX-License-Identifier: MIT OR Apache-2.0
//! One judge at work: this program in a process of its own, whose root is the copy.

use std::{
    env::consts::ARCH,
    process::{Command, ExitStatus, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, ensure};

use super::judges::Judge;
use crate::{
    audit, count,
    env::{
        command,
        cross::{Cross, NO_TRYBUILD},
        toolchain,
    },
    hosted,
    kernel::{
        self,
        boot::{self, Boot},
        build, examples, living,
    },
    machine::{self, Machine},
    root::root,
    run::report::Tally,
};

/// How a judge's process ends.
pub const PASSED: u8 = 0;
pub const CAUGHT: u8 = 1;
pub const NOT_BUILT: u8 = 3;

/// How a line begins that says that a test hangs.
pub const LATE: &str = "it hangs: ";

/// How `timeout` ends where it has ended something itself: by the first signal, or by the second.
const TIMED_OUT: [Option<i32>; 2] = [Some(124), Some(137)];

/// How many boots are run before it is looked whether one has failed.
const BOOTS: usize = 2;

/// A build of the tests of a process.
struct Build {
    rustflags: &'static str,
    features: &'static str,
    /// Where it lies: cargo builds all again where flags change.
    folder: &'static str,
}

const PLAIN: Build = Build { rustflags: "", features: "", folder: "target/hosted" };
const GENERAL: Build = Build {
    rustflags: "--cfg axptr_general_registers --cfg axptr_branch_targets",
    folder: "target/general",
    ..PLAIN
};
const TAGGED: Build = Build { features: "untag", ..PLAIN };

const UNITS: &[&str] = &["--lib"];
const SMALL: &[&str] = &["--test", "small", "--test", "table"];
const SWEEP: &[&str] = &["--test", "sweep"];
const HANDLER: &[&str] = &["--test", "extable", "--test", "signals"];
/// What is no other machine's, or does not run emulated.
const HANDLER_HERE: &[&str] = &["--test", "own_handler", "--test", "rehearsal", "--test", "rehearsed"];
const MOVING: &[&str] = &[
    "--test", "races", "--test", "midcall", "--test", "overlap", "--test", "orders", "--test", "campaign",
    "--test", "accesses", "--test", "mte",
];
const MOVING_HERE: &[&str] = &["--test", "whole_words"];
const ROUTINES: &[&str] = &[
    "--test",
    "small",
    "--test",
    "sweep",
    "--test",
    "midcall",
    "--test",
    "races",
    "--test",
    "branch_targets",
];
const TAGS: &[&str] =
    &["--lib", "--test", "extable", "--test", "table", "--test", "small", "--test", "every_error"];
const ALL: &[&str] = &["--", "--include-ignored"];

/// What the judge finds. An error: it could not be built.
pub fn judge(judge: Judge, machine: &'static Machine) -> Result<u8> {
    let of_tests = |build: &Build, tests: &[&str], tests_here: &[&str]| {
        let here = if machine.name == ARCH { tests_here } else { &[] };
        tests_pass(machine, build, &[tests, here].concat(), judge.limit())
    };
    let verdict = match judge {
        Judge::Units => of_tests(&PLAIN, UNITS, &[])?,
        Judge::Small => of_tests(&PLAIN, SMALL, &[])?,
        Judge::Sweep => of_tests(&PLAIN, SWEEP, &[])?,
        Judge::Moving => of_tests(&PLAIN, MOVING, MOVING_HERE)?,
        Judge::Handler => of_tests(&PLAIN, HANDLER, HANDLER_HERE)?,
        Judge::HandlerHere => {
            tests_pass(this_machine()?, &PLAIN, &[UNITS, HANDLER, HANDLER_HERE].concat(), judge.limit())?
        }
        Judge::General => of_tests(&GENERAL, ROUTINES, &[])?,
        Judge::Tagged => of_tests(&TAGGED, TAGS, &[])?,
        Judge::Interleavings => passes(|| Ok(hosted::interleavings()), &[], judge.limit())?,
        Judge::Audit => told(|tally| audit::claims_of_processes(machine, tally))?,
        Judge::Edges => told(|tally| audit::counts_of_processes(machine, tally))?,
        Judge::Kernel => {
            let elf = build::plain(machine, &toolchain::require(machine.target)?)?;
            told(|tally| {
                audit::claims_of_kernel(machine, &elf, tally)?;
                if !tally.has_failed() {
                    boot::run_all(vec![Boot::new(machine, &machine.cpus[0], &elf)], tally)?;
                }
                Ok(())
            })?
        }
        Judge::Counts => told(|tally| count::run(&[machine.name.to_owned()], tally))?,
        Judge::Boots => boots(machine)?,
        Judge::Examples => {
            let toolchain = toolchain::require(machine.target)?;
            told(|tally| examples::run(machine, &toolchain, tally))?
        }
        Judge::AxCpu => told(|tally| audit::tables_of_ax_cpu(machine, tally))?,
        Judge::Living => {
            let toolchain = toolchain::require(machine.target)?;
            told(|tally| living::run(machine, &toolchain, tally))?
        }
        Judge::Here => tests_pass(this_machine()?, &PLAIN, ALL, judge.limit())?,
    };
    Ok(if verdict { PASSED } else { CAUGHT })
}

fn this_machine() -> Result<&'static Machine> {
    Ok(machine::chosen(&[ARCH.to_owned()])?[0])
}

/// Whether what a command counts has passed.
fn told(command: impl FnOnce(&mut Tally) -> Result<()>) -> Result<bool> {
    let mut tally = Tally::default();
    command(&mut tally)?;
    Ok(!tally.has_failed())
}

/// Those of `cargo xtask kernel`; in front the short one, of what only this machine has in a kernel with vector registers.
fn boots(machine: &'static Machine) -> Result<bool> {
    let mut all = kernel::boots(machine, &toolchain::require(machine.target)?)?;
    all.sort_by_key(|boot| boot.mode != boot::MACHINE);
    for some in all.chunks(BOOTS) {
        if !told(|tally| boot::run_all(some.to_vec(), tally))? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Builds tests of the library, and runs them.
fn tests_pass(machine: &'static Machine, build: &Build, tests: &[&str], limit: Duration) -> Result<bool> {
    let (options, of_runner) = tests.split_at(tests.iter().position(|it| *it == "--").unwrap_or(tests.len()));
    passes(|| of_tests(machine, build, options), of_runner, limit)
}

/// Builds the tests of a cargo, and runs them until one fails, or is late.
fn passes(command: impl Fn() -> Result<Command>, of_runner: &[&str], limit: Duration) -> Result<bool> {
    let mut built = command()?;
    built.arg("--no-run");
    ensure!(status(built)?.success(), "the tests do not build");
    let mut run = command()?;
    run.args(of_runner);
    let status = status(limited(&run, limit))?;
    if is_late(status.code()) {
        println!("{LATE}still running after {} s", limit.as_secs());
    }
    Ok(status.success())
}

/// Whether that is how `timeout` ends if it has to end a command.
pub fn is_late(code: Option<i32>) -> bool {
    TIMED_OUT.contains(&code)
}

/// The command by `timeout`, which ends what it has started as well: when the time is over, and when this process has ended.
/// It has a group of its own, so what interrupts this process reaches nobody there.
pub fn limited(command: &Command, limit: Duration) -> Command {
    let mut limited = Command::new("setpriv");
    limited.args(["--pdeathsig", "TERM", "timeout", "--kill-after=10", &limit.as_secs().to_string()]);
    limited.arg(command.get_program());
    limited.args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => limited.env(name, value),
            None => limited.env_remove(name),
        };
    }
    if let Some(folder) = command.get_current_dir() {
        limited.current_dir(folder);
    }
    limited
}

/// A cargo that tests, in the way of `cargo xtask hosted`.
fn of_tests(machine: &'static Machine, build: &Build, tests: &[&str]) -> Result<Command> {
    let mut command = if machine.name == ARCH {
        let mut command = command::clean("cargo");
        command.arg("test").env("RUSTFLAGS", NO_TRYBUILD);
        command
    } else {
        Cross::new(machine)?.cargo("test")
    };
    let flags = command.get_envs().find(|(name, _)| *name == "RUSTFLAGS").and_then(|(_, flags)| flags);
    let flags = format!("{} {}", flags.unwrap_or_default().to_string_lossy(), build.rustflags);
    command
        .args(["--quiet", "--profile", "emulated", "--package", "axptr", "--features", build.features])
        .args(tests)
        .env("RUSTFLAGS", flags.trim())
        .env("AXPTR_SWEEP", "tiny")
        .env("AXPTR_STORM", "small")
        .env("CARGO_TARGET_DIR", root().join(build.folder));
    Ok(command)
}

fn status(mut command: Command) -> Result<ExitStatus> {
    command.stdin(Stdio::null()).status().context("running cargo")
}

#[cfg(test)]
mod tests {
    use std::{
        io::Read as _,
        process::{Command, Stdio},
        thread,
        time::{Duration, Instant},
    };

    use super::{TIMED_OUT, limited, status};

    #[test]
    fn what_hangs_is_ended_and_its_variables_are_kept() {
        let shell = |script: &str, seconds| {
            let mut command = Command::new("/bin/sh");
            command.args(["-c", script]).env("TOLD", "3");
            status(limited(&command, Duration::from_secs(seconds))).expect("there is a shell").code()
        };
        assert_eq!(shell("exit $TOLD", 60), Some(3));
        assert!(TIMED_OUT.contains(&shell("sleep 600; exit 0", 1)));
    }

    #[test]
    fn what_runs_ends_with_who_has_started_it() {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "sleep 600 & echo; wait"]);
        let mut limited = limited(&command, Duration::from_secs(600));
        limited.stdout(Stdio::piped());
        let start = Instant::now();
        // Linux counts the end of the thread.
        let starter = thread::spawn(move || {
            let mut child = limited.spawn().expect("there is a shell");
            let mut said = child.stdout.take().expect("it is a pipe");
            said.read_exact(&mut [0]).expect("the shell has started who sleeps");
            (child, said)
        });
        let (mut child, mut said) = starter.join().expect("nothing there panics");
        let mut rest = Vec::new();
        said.read_to_end(&mut rest).expect("it is a pipe");
        assert!(rest.is_empty() && start.elapsed() < Duration::from_secs(300), "who sleeps has the pipe");
        child.wait().expect("it was started");
    }
}
