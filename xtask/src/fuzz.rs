// SPDX-License-Identifier: MIT OR Apache-2.0
//! `cargo xtask fuzz`: the targets of `tests/fuzz`, with inputs that libFuzzer chooses by what they make the code do.
//!
//! What is committed there starts each run; what a run finds beside it is kept below `target/fuzz`, and starts the next.

use std::{
    env::consts::ARCH,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};

use crate::{
    env::{command::clean, need, setup},
    root::root,
    run::{number, pool, report::Tally},
};

/// The files of `tests/fuzz/fuzz_targets`, and what each holds.
const TARGETS: &[(&str, &str)] = &[
    ("arrays", "fuzz: an array ends at its zero element, its limit or its fault"),
    ("cursors", "fuzz: cursors stand where they should after any steps"),
    ("futex", "fuzz: a futex operation of any bits does what its manual says"),
    ("iovec", "fuzz: a vector of any ranges is refused, or read and written up to its fault"),
    ("ranges", "fuzz: a range of any numbers is refused, or lies in the user half"),
    ("reports", "fuzz: a fault code of any bits is a report or none, and lands only at its entry"),
    ("strings", "fuzz: a string ends at its terminator, its limit or its fault"),
    ("structs", "fuzz: a struct of any size is refused, or read and written up to its fault"),
    ("tables", "fuzz: a table of any bytes is refused, or answers with what it says"),
];

/// How long each target runs, if nobody says.
const SECONDS: u64 = 60;

/// How many targets run at once: all, so that a minute of each takes a minute, on however many cores.
const AT_ONCE: usize = TARGETS.len();

/// An input that takes longer hangs.
const HANGS: Duration = Duration::from_secs(20);

/// What is asked for.
#[derive(Debug, PartialEq, Eq)]
struct Orders {
    seconds: u64,
    targets: Vec<String>,
}

impl Orders {
    fn parse(args: &[String]) -> Result<Self> {
        let mut orders = Self { seconds: SECONDS, targets: Vec::new() };
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--seconds" => orders.seconds = number::of(arg, args.next())?,
                name if !name.starts_with('-') => orders.targets.push(name.to_owned()),
                other => bail!("no option {other:?}; there is --seconds"),
            }
        }
        Ok(orders)
    }
}

/// Runs the named targets, or all.
pub fn run(args: &[String], tally: &mut Tally) -> Result<()> {
    let orders = Orders::parse(args)?;
    let chosen = chosen(&orders.targets)?;
    setup::ensure(&need::FOR_FUZZING)?;
    let programs = build()?;
    pool::run(
        chosen,
        AT_ONCE,
        |target| fuzz(&programs, target, orders.seconds),
        |ended| {
            let (name, outcome) = ended?;
            tally.check(name, outcome);
            Ok(())
        },
    )
}

fn chosen(names: &[String]) -> Result<Vec<(&'static str, &'static str)>> {
    if names.is_empty() {
        return Ok(TARGETS.to_vec());
    }
    let known = |name: &String| {
        let found = TARGETS.iter().find(|(target, _)| target == name);
        found.copied().with_context(|| {
            let all: Vec<_> = TARGETS.iter().map(|(target, _)| *target).collect();
            format!("no target {name:?} in tests/fuzz; there are {}", all.join(", "))
        })
    };
    names.iter().map(known).collect()
}

fn folder() -> PathBuf {
    root().join("tests/fuzz")
}

/// Builds all targets, and returns the folder of their programs. No sanitizer: it needs an unstable compiler, and what a
/// program has is no memory of Rust's.
fn build() -> Result<PathBuf> {
    let built = root().join("target/fuzz/build");
    let target = format!("{ARCH}-unknown-linux-gnu");
    let mut command = clean("cargo");
    command
        .args(["fuzz", "build", "--sanitizer", "none", "--target", &target, "--fuzz-dir"])
        .arg(folder())
        .arg("--target-dir")
        .arg(&built)
        .env("RUSTFLAGS", "-Dwarnings")
        .stdin(Stdio::null());
    let status = command.status().context("running cargo fuzz")?;
    ensure!(status.success(), "the targets of tests/fuzz cannot be built");
    Ok(built.join(target).join("release"))
}

/// Runs one target: the test's name, and what came out.
fn fuzz(
    programs: &Path,
    (target, test): (&str, &'static str),
    seconds: u64,
) -> Result<(&'static str, Result<(), String>)> {
    let found = root().join("target/fuzz/corpus").join(target);
    fs::create_dir_all(&found).with_context(|| format!("making {}", found.display()))?;
    let committed = folder().join("corpus").join(target);
    let artifacts = root().join("target/fuzz/artifacts").join(target);
    fs::create_dir_all(&artifacts).with_context(|| format!("making {}", artifacts.display()))?;
    let output = Command::new(programs.join(target))
        .args([&found, &committed])
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-timeout={}", HANGS.as_secs()))
        .arg(format!("-artifact_prefix={}/", artifacts.display()))
        .arg("-print_final_stats=1")
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("running {target}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    let inputs = executed(&said);
    println!("fuzz {target}: {} inputs in {seconds} s", inputs.unwrap_or(0));
    let outcome = match inputs {
        _ if !output.status.success() => {
            println!("{said}");
            Err(format!("{}; see above, and {}", output.status, artifacts.display()))
        }
        None | Some(0) => Err("no input was executed".to_owned()),
        Some(_) => Ok(()),
    };
    Ok((test, outcome))
}

/// The number in libFuzzer's line `stat::number_of_executed_units: 12`.
fn executed(said: &str) -> Option<u64> {
    said.lines().find_map(|line| line.strip_prefix("stat::number_of_executed_units:")?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{Orders, TARGETS, chosen, executed, folder};

    fn parse(args: &[&str]) -> Option<Orders> {
        Orders::parse(&args.iter().map(|&arg| arg.to_owned()).collect::<Vec<_>>()).ok()
    }

    #[test]
    fn orders_are_read_and_nothing_else() {
        let orders = |seconds, targets: &[&str]| {
            Some(Orders { seconds, targets: targets.iter().map(|&name| name.to_owned()).collect() })
        };
        assert_eq!(parse(&[]), orders(60, &[]));
        assert_eq!(parse(&["--seconds", "5", "ranges"]), orders(5, &["ranges"]));
        for wrong in [&["--seconds"][..], &["--seconds", "x"], &["--fast"]] {
            assert_eq!(parse(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn each_target_has_a_corpus_and_a_line_in_the_manifest() {
        let manifest = fs::read_to_string(folder().join("Cargo.toml")).expect("there is one");
        let files = fs::read_dir(folder().join("fuzz_targets")).expect("the folder is there");
        assert_eq!(files.count(), TARGETS.len());
        for (name, _) in TARGETS {
            assert!(manifest.contains(&format!("path = \"fuzz_targets/{name}.rs\"")), "{name}");
            let corpus = fs::read_dir(folder().join("corpus").join(name));
            assert!(corpus.is_ok_and(|mut files| files.next().is_some()), "{name} has no corpus");
        }
        assert!(chosen(&["ranges".to_owned(), "fields".to_owned()]).is_err());
    }

    #[test]
    fn the_number_of_inputs_is_read() {
        assert_eq!(executed("x\nstat::number_of_executed_units: 120\nstat::peak"), Some(120));
        assert_eq!(executed("INFO: seed corpus"), None);
    }
}
