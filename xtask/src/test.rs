// SPDX-License-Identifier: MIT OR Apache-2.0
//! `cargo xtask test`: everything that CI runs.

use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use crate::{bench, hosted, kernel, machine, report::Tally, root, setup, size, toolchain};

/// What the library may add to an x86_64 kernel, in bytes.
const MOST_TEXT: u64 = 12 * 1024;
const MOST_MUTABLE: u64 = 64;

/// Runs it all; what is missing is installed first.
pub fn run(tally: &mut Tally) -> Result<()> {
    setup::run()?;
    form(tally)?;
    let mut own = cargo(&["test", "--quiet", "--package", "xtask"]);
    own.env("CARGO_TARGET_DIR", root().join("target/hosted"));
    hosted::count_tests(own, "the commands themselves", tally)?;
    hosted::run(&[], tally)?;
    examples(tally)?;
    bench::run(tally)?;
    sizes(tally)?;
    kernel::run(&[], tally)
}

/// The checks of form: formatting, lints, documentation.
fn form(tally: &mut Tally) -> Result<()> {
    tally.check("formatting", succeeds(cargo(&["fmt", "--all", "--check"]))?);
    let mut kernel = cargo(&["fmt", "--check"]);
    kernel.current_dir(root().join("tests/kernel"));
    tally.check("formatting of the test kernel", succeeds(kernel)?);
    let lints = cargo(&["clippy", "--quiet", "--workspace", "--all-targets", "--", "-Dwarnings"]);
    tally.check("lints", succeeds(lints)?);
    let mut docs = cargo(&["doc", "--quiet", "--package", "axptr", "--no-deps"]);
    docs.env("RUSTDOCFLAGS", "-Dwarnings");
    tally.check("documentation", succeeds(docs)?);
    Ok(())
}

/// The examples must end well; `recover` by its last line, which must say that no byte was wrong.
fn examples(tally: &mut Tally) -> Result<()> {
    for name in ["own_space", "bulk_transfer"] {
        let command = cargo(&["run", "--quiet", "--package", "axptr", "--example", name]);
        tally.check(&format!("example {name}"), succeeds(command)?);
    }
    let mut command = cargo(&["run", "--quiet", "--package", "axptr", "--example", "recover"]);
    let output = command.stderr(Stdio::inherit()).output().context("running the example")?;
    let text = String::from_utf8_lossy(&output.stdout);
    print!("{text}");
    let last = text.lines().next_back().unwrap_or_default();
    let right = output.status.success() && last.starts_with("recovered ") && last.ends_with(" 0 bytes wrong");
    let outcome = if right { Ok(()) } else { Err(format!("{}, last line {last:?}", output.status)) };
    tally.check("example recover", outcome);
    Ok(())
}

fn sizes(tally: &mut Tally) -> Result<()> {
    size::run()?;
    for machine in machine::chosen(&[])? {
        let sizes = size::measure(machine)?;
        let fits = sizes.text <= MOST_TEXT && sizes.mutable <= MOST_MUTABLE;
        let outcome = if fits { Ok(()) } else { Err(format!("{sizes:?}")) };
        tally.check(&format!("size on {}", machine.name), outcome);
    }
    Ok(())
}

fn cargo(args: &[&str]) -> Command {
    let mut command = toolchain::clean("cargo");
    command.args(args).env("CARGO_TARGET_DIR", root().join("target/hosted"));
    command
}

/// Whether a command ends well; it prints what it has to say itself.
fn succeeds(mut command: Command) -> Result<Result<(), String>> {
    let status = command.stdin(Stdio::null()).status().context("running cargo")?;
    Ok(if status.success() { Ok(()) } else { Err(status.to_string()) })
}
