// SPDX-License-Identifier: MIT OR Apache-2.0
//! The kernels of `examples/kernels`: each is built, booted, and held to the cases that its program must have seen.

use std::{
    path::PathBuf,
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};

use super::{console::Console, guest::Guest, image};
use crate::{
    env::toolchain::Toolchain,
    machine::{Cpu, Machine},
    root::root,
    run::{pool, report::Tally},
};

/// How long one boot may take, another one beside it.
const TIME_LIMIT: Duration = Duration::from_secs(60);

/// How many run at once.
const AT_ONCE: usize = 2;

/// A kernel that is there to be copied from, or a test on the machine of one.
#[derive(Debug)]
struct Example {
    /// Its folder, and the name of that folder.
    folder: &'static str,
    name: &'static str,
    /// The machine that it is for.
    machine: &'static str,
    /// Features of its package. The plain build is booted on all CPUs; one with a feature on the first, which has
    /// everything.
    features: &'static [&'static str],
    /// The CPU's feature that it uses to keep itself away from user memory, and says so where the CPU has it.
    window: Option<&'static str>,
    /// The cases that must have passed, whatever its machine, and those at a level of its machine in addition.
    cases: &'static [&'static str],
    at_level: &'static [&'static str],
}

/// The build without a feature.
const PLAIN: &str = "";

const EXAMPLES: &str = "examples/kernels";

const ALL: &[Example] = &[
    Example {
        folder: EXAMPLES,
        name: "x86_64-stub",
        machine: "x86_64",
        features: &["la57"],
        window: Some("smap"),
        cases: CASES,
        at_level: &[],
    },
    Example {
        folder: EXAMPLES,
        name: "x86_64-interrupt",
        machine: "x86_64",
        features: &[],
        window: Some("smap"),
        cases: CASES,
        at_level: &[],
    },
    Example {
        folder: EXAMPLES,
        name: "riscv64",
        machine: "riscv64",
        features: &["sv48", "sv57"],
        window: Some("sum"),
        cases: CASES,
        at_level: &[],
    },
    Example {
        folder: EXAMPLES,
        name: "aarch64",
        machine: "aarch64",
        features: &["lva"],
        window: Some("pan"),
        cases: CASES,
        at_level: &[],
    },
    Example {
        folder: "tests",
        name: "levels",
        machine: "aarch64",
        features: &[],
        window: Some("pan"),
        cases: &["the_kernel_of_user_mode_is_at_a_level_of_the_vectors"],
        at_level: &["a_level_without_user_mode_is_refused"],
    },
];

/// A level of privilege at which the board starts the plain builds on the first CPU, too.
#[derive(Debug, PartialEq, Eq)]
struct Level {
    machine: &'static str,
    /// What the kernel calls it.
    called: &'static str,
    /// What the board has then.
    board: &'static str,
}

/// EL2 (Arm ARM D1.1).
const LEVELS: &[Level] = &[Level { machine: "aarch64", called: "el2", board: "virtualization=on" }];

/// The cases that each program must have seen, whatever its machine.
const CASES: &[&str] = &[
    "read_good",
    "read_lazy",
    "read_across_lazy",
    "read_edge",
    "read_hole",
    "read_readonly",
    "read_kernel",
    "read_noncanonical",
    "read_wrapping",
    "write_good",
    "write_lazy",
    "write_edge",
    "write_hole",
    "readlink_good",
    "readlink_hole",
    "readlink_runs_into_hole",
    "readlink_endless",
    "readlink_answer_hole",
    "readlink_unknown",
    "futex_wake",
    "futex_wake_op_good",
    "futex_wake_op_lazy",
    "futex_wake_op_hole",
    "futex_wake_op_kernel",
    "futex_wake_op_misaligned",
    "futex_wait_changed",
    "touch_lazy",
    "a_touch_of_the_hole_ends_the_program",
];

/// The names of all of them, and their folders.
pub fn folders() -> impl Iterator<Item = (&'static str, PathBuf)> {
    ALL.iter().map(|example| (example.name, example.folder()))
}

fn levels(machine: &Machine) -> impl Iterator<Item = &'static Level> {
    LEVELS.iter().filter(|level| level.machine == machine.name)
}

/// Builds and boots those for a machine.
pub fn run(machine: &'static Machine, toolchain: &Toolchain, tally: &mut Tally) -> Result<()> {
    let mut boots = Vec::new();
    for example in ALL.iter().filter(|example| example.machine == machine.name) {
        let mut add = |feature, cpus: &'static [Cpu], level| {
            let elf = example.build(feature, machine, toolchain)?;
            boots.extend(cpus.iter().map(|cpu| Boot {
                example,
                feature,
                machine,
                cpu,
                level,
                elf: elf.clone(),
            }));
            anyhow::Ok(())
        };
        let first = &machine.cpus[..1];
        add(PLAIN, machine.cpus, None)?;
        for feature in example.features {
            add(feature, first, None)?;
        }
        for level in levels(machine) {
            add(PLAIN, first, Some(level))?;
        }
    }
    pool::run(
        boots,
        AT_ONCE,
        |boot| boot.run(),
        |ended| {
            let (name, cases, outcome) = ended?;
            tally.part(&name, cases, outcome);
            Ok(())
        },
    )
}

impl Example {
    fn folder(&self) -> PathBuf {
        root().join(self.folder).join(self.name)
    }

    /// Builds it, and puts what boots where the next variant does not replace it.
    fn build(&self, feature: &str, machine: &Machine, toolchain: &Toolchain) -> Result<PathBuf> {
        let target = root().join("target/kernel");
        let status = toolchain
            .cargo("build")
            .args(["--release", "--locked", "--quiet", "--features", feature])
            .current_dir(self.folder())
            .env("CARGO_TARGET_DIR", &target)
            // As the test kernel has it: so they share one build of `core`.
            .env("CARGO_PROFILE_RELEASE_DEBUG", "line-tables-only")
            .status()
            .context("running the bare-metal cargo")?;
        ensure!(status.success(), "the example kernel {} does not build", self.name);
        let built = target.join(machine.target).join("release").join(format!("axptr-example-{}", self.name));
        let kept = built.with_file_name(format!("example-{}-{}", self.name, feature));
        image::write_as_it_is(&built, machine.image, &kept)?;
        Ok(kept)
    }
}

/// One start of a kernel.
#[derive(Debug)]
struct Boot {
    example: &'static Example,
    feature: &'static str,
    machine: &'static Machine,
    cpu: &'static Cpu,
    level: Option<&'static Level>,
    elf: PathBuf,
}

/// Its name, how many cases passed and failed, and what it comes to.
type Ended = (String, (usize, usize), Result<(), String>);

impl Boot {
    fn run(&self) -> Result<Ended> {
        let mut name = format!("example {} {}", self.example.name, self.cpu.name);
        if self.feature != PLAIN {
            name += &format!(" {}", self.feature);
        }
        if let Some(level) = self.level {
            name += &format!(" {}", level.called);
        }
        let start = Instant::now();
        let mut console = Console::default();
        let ended = Guest::start(self.qemu())?.read(TIME_LIMIT, |line| {
            if let Some(told) = line.strip_prefix("case ") {
                println!("{name}: {told}");
            }
            console.0.push(line);
        });
        let outcome = ended.and_then(|()| {
            console.is_of_kernel(self.example.name)?;
            if let Some(window) = self.example.window {
                console.uses(window, self.cpu.features.contains(&window))?;
            }
            for level in levels(self.machine) {
                let is_there = self.level == Some(level);
                console.uses(level.called, is_there)?;
                console.cases_passed(if is_there { self.example.at_level } else { &[] })?;
            }
            console.cases_passed(self.example.cases)?;
            console.counts_as_we_do()
        });
        if outcome.is_err() {
            console.show();
        }
        let seconds = start.elapsed().as_secs_f32();
        Ok((format!("{name}: boot in {seconds:.1} s"), console.count(), outcome))
    }

    fn qemu(&self) -> Command {
        let mut command = Command::new(self.machine.qemu);
        command.args(self.machine.board);
        if let Some(level) = self.level {
            command.args(["-machine", level.board]);
        }
        command
            .args(["-cpu", self.cpu.name, "-nographic", "-no-reboot", "-nic", "none", "-kernel"])
            .arg(&self.elf);
        command
    }
}
