// SPDX-License-Identifier: MIT OR Apache-2.0
//! `cargo xtask hosted`: the tests in a Linux process, of this machine and of the others.

use std::{env::consts::ARCH, process::Command};

use anyhow::Result;

use crate::{
    adapters,
    env::{
        cache, command,
        cross::{Cross, NO_TRYBUILD},
        need, setup,
    },
    images,
    machine::{self, Machine},
    root::root,
    run::{cargo::count_tests, report::Tally},
};

/// One way to build, and the tests that run in it.
struct Variant {
    name: &'static str,
    profile: &'static str,
    rustflags: &'static [&'static str],
    /// Features that are off by default.
    features: &'static [&'static str],
    tests: &'static [&'static str],
    /// How much of the sweep runs: each selection hits each entry.
    sweep: &'static str,
}

/// The tests that ask whether the table survived compiler and linker, with a fault for each entry.
const TABLE_TESTS: &[&str] = &[
    "--test",
    "extable",
    "--test",
    "table",
    "--test",
    "sweep",
    "--test",
    "small",
    "--test",
    "branch_targets",
    "--test",
    "own_handler",
];

/// The least of them: each is a program that the linker optimises as a whole.
const LTO_TESTS: &[&str] = &["--test", "extable", "--test", "table", "--test", "sweep"];

/// Those of the table, and pages that go away in mid-call: for the routines that kernels have.
const KERNELS_ROUTINES: &[&str] = &[
    "--test",
    "extable",
    "--test",
    "table",
    "--test",
    "sweep",
    "--test",
    "small",
    "--test",
    "midcall",
    "--test",
    "races",
    "--test",
    "whole_words",
    "--test",
    "campaign",
];

/// Those of the table, and what optimises away in other ways than in a debug build: every generic function, and every error.
const RELEASE_TESTS: &[&str] = &[
    "--test",
    "extable",
    "--test",
    "table",
    "--test",
    "sweep",
    "--test",
    "small",
    "--test",
    "generic",
    "--test",
    "every_error",
    "--test",
    "campaign",
];

/// Those of the table, and every operation with tagged addresses.
const TAGGED_TESTS: &[&str] = &[
    "--lib",
    "--test",
    "extable",
    "--test",
    "table",
    "--test",
    "sweep",
    "--test",
    "small",
    "--test",
    "every_error",
];

const VARIANTS: &[Variant] = &[
    Variant { name: "debug", profile: "dev", rustflags: &[], features: &[], tests: &[], sweep: "tiny" },
    Variant {
        name: "release",
        profile: "release",
        rustflags: &[],
        features: &[],
        tests: RELEASE_TESTS,
        sweep: "reduced",
    },
    Variant {
        name: "one codegen unit, branch targets marked",
        profile: "one-unit",
        rustflags: &[NO_TRYBUILD, "--cfg axptr_branch_targets"],
        features: &[],
        tests: TABLE_TESTS,
        sweep: "tiny",
    },
    Variant {
        name: "general registers only",
        profile: "release",
        rustflags: &[NO_TRYBUILD, "--cfg axptr_general_registers"],
        features: &[],
        tests: KERNELS_ROUTINES,
        sweep: "reduced",
    },
    Variant {
        name: "fat LTO",
        profile: "fat-lto",
        rustflags: &[NO_TRYBUILD],
        features: &[],
        tests: LTO_TESTS,
        sweep: "tiny",
    },
    Variant {
        name: "GNU ld, tagged addresses",
        profile: "gnu-ld",
        // The compiler's own lld is the default on x86_64 only.
        rustflags: &[NO_TRYBUILD, "-Clinker-features=-lld"],
        features: &["untag"],
        tests: TAGGED_TESTS,
        sweep: "tiny",
    },
];

/// What runs emulated: all that depends on the machine. The rest is the same code as here.
const EMULATED_TESTS: &[&str] = &[
    "--lib", "--test", "extable", "--test", "table", "--test", "sweep", "--test", "small", "--test", "races",
    "--test", "accesses", "--test", "midcall", "--test", "overlap", "--test", "orders", "--test", "signals",
    "--test", "mte", "--test", "campaign",
];

/// The other machine whose shared objects are built and run: the relocations are its own, the rest is that of all.
const WITH_IMAGES: &str = "aarch64";

/// Runs the tests of the library: in each variant on this machine, emulated for others.
pub fn run(names: &[String], tally: &mut Tally) -> Result<()> {
    let machines = machine::chosen(names)?;
    let needs: Vec<_> = machines.iter().copied().flat_map(need::of_hosted).collect();
    setup::ensure(&needs)?;
    for machine in machines {
        if machine.name == ARCH {
            VARIANTS.iter().try_for_each(|variant| variant.run(tally))?;
            adapters::test(tally)?;
            count_tests(interleavings(), "hosted, each interleaving", tally)?;
        } else {
            emulated(machine, tally)?;
        }
    }
    Ok(())
}

/// What threads share, before a model checker.
pub fn interleavings() -> Command {
    let mut command = command::clean("cargo");
    command
        .args(["test", "--release"])
        .current_dir(root().join("tests/loom"))
        .env("CARGO_TARGET_DIR", root().join("target/loom"));
    command
}

/// One build for another machine, run by an emulator. The sweep is small, but hits all that the full one does.
fn emulated(machine: &'static Machine, tally: &mut Tally) -> Result<()> {
    let cross = Cross::new(machine)?;
    println!("building for {}: {}", machine.hosted.target, cross.describe());
    let mut tests = cross.cargo("test");
    tests
        .args(["--profile", "emulated", "--no-fail-fast", "--package", "axptr"])
        .args(EMULATED_TESTS)
        // It ends in failure if a byte was wrong. Alone it would have everything built again that it depends on.
        .args(["--example", "recover"])
        .env("CARGO_TARGET_DIR", root().join("target/hosted"))
        .args(["--", "--nocapture"])
        .env("AXPTR_SWEEP", "tiny");
    count_tests(tests, &format!("hosted, {} emulated", machine.name), tally)?;
    if machine.name == WITH_IMAGES { images::run(machine, &cross, tally) } else { Ok(()) }
}

impl Variant {
    fn run(&self, tally: &mut Tally) -> Result<()> {
        let mut command = command::clean("cargo");
        command
            // Not quietly: `cargo xtask report` reads the tests' names.
            .args(["test", "--no-fail-fast", "--package", "axptr", "--profile", self.profile])
            .args(self.tests)
            .args(["--features", &self.features.join(",")])
            .env("AXPTR_SWEEP", self.sweep)
            .env("AXPTR_BUILDS", cache::builds())
            .env("CARGO_TARGET_DIR", root().join("target/hosted"));
        if !self.rustflags.is_empty() {
            command.env("RUSTFLAGS", self.rustflags.join(" "));
        }
        if self.tests.is_empty() {
            // What `cargo test` alone leaves out, because it takes long or needs what `setup` installs.
            command.args(["--", "--include-ignored"]);
        } else {
            // The sweep prints how many cases it was.
            command.args(["--", "--nocapture"]);
        }
        count_tests(command, &format!("hosted, {}", self.name), tally)
    }
}
