// SPDX-License-Identifier: MIT OR Apache-2.0
//! `cargo xtask test`: everything that CI runs.

use anyhow::Result;

use crate::{
    adapters, bench,
    env::setup,
    examples, fuzz, kernel, machine,
    root::root,
    run::{
        cargo::{cargo, count_tests, succeeds},
        lanes,
        report::Tally,
    },
    size,
};

/// What the library may add to a kernel, in bytes.
const MOST_X86_64_TEXT: u64 = 13 * 1024;
const MOST_MUTABLE: u64 = 64;

/// Runs it all; what is missing is installed first.
pub fn run(tally: &mut Tally) -> Result<()> {
    setup::run()?;
    form(tally)?;
    let mut own = cargo(&["test", "--quiet", "--package", "xtask", "--package", "axptr-campaign"]);
    // Where this program was built, with what it depends on.
    own.env("CARGO_TARGET_DIR", root().join("target"));
    count_tests(own, "the commands, and the model of random operations", tally)?;
    examples::run(tally)?;
    // It compares times: nothing runs beside it.
    bench::run(&["--quick".to_owned()], tally)?;
    // Before the lanes: it keeps all cores busy.
    fuzz::run(&[], tally)?;
    // The last two are about the programs that are built by then.
    lanes::run(machine::chosen(&[])?, &["hosted", "kernel", "count", "audit"], tally)?;
    // With the kernels' builds of `core`.
    sizes(tally)
}

/// The checks of form: formatting, lints, documentation.
fn form(tally: &mut Tally) -> Result<()> {
    tally.check("formatting", succeeds(cargo(&["fmt", "--all", "--check"]))?);
    for (name, folder) in [
        ("the test kernel", "tests/kernel"),
        ("the test kernel on the living line", "tests/kernel-living"),
        ("the targets of cargo fuzz", "tests/fuzz"),
        ("what is tested in each interleaving", "tests/loom"),
    ] {
        let mut apart = cargo(&["fmt", "--all", "--check"]);
        apart.current_dir(root().join(folder));
        tally.check(&format!("formatting of {name}"), succeeds(apart)?);
    }
    for (name, folder) in kernel::examples::folders() {
        let mut example = cargo(&["fmt", "--all", "--check"]);
        example.current_dir(folder);
        tally.check(&format!("formatting of the example kernel {name}"), succeeds(example)?);
    }
    adapters::form(tally)?;
    let lints = cargo(&["clippy", "--quiet", "--workspace", "--all-targets", "--", "-Dwarnings"]);
    tally.check("lints", succeeds(lints)?);
    for (name, features) in
        [("documentation", &[][..]), ("documentation of all features", &["--all-features"])]
    {
        let mut docs = cargo(&["doc", "--quiet", "--package", "axptr", "--no-deps"]);
        // The published axmm line needs unstable features.
        docs.args(features).env("RUSTDOCFLAGS", "-Dwarnings").env("RUSTC_BOOTSTRAP", "1");
        tally.check(name, succeeds(docs)?);
    }
    Ok(())
}

fn sizes(tally: &mut Tally) -> Result<()> {
    size::run()?;
    for machine in machine::chosen(&[])? {
        let sizes = size::measure(machine)?;
        let fits = sizes.text <= most_text(machine.name) && sizes.mutable <= MOST_MUTABLE;
        let outcome = if fits { Ok(()) } else { Err(format!("{sizes:?}")) };
        tally.check(&format!("size on {}", machine.name), outcome);
    }
    Ok(())
}

/// What the library may add to a kernel's text, in bytes. Instructions are of one size elsewhere, and more of them.
fn most_text(machine: &str) -> u64 {
    if machine == "x86_64" { MOST_X86_64_TEXT } else { u64::MAX }
}
