// SPDX-License-Identifier: MIT OR Apache-2.0
//! The kernels of `examples/kernels`: each is built, booted, and held to the cases that its program must have seen.

use std::{
    path::{Path, PathBuf},
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

/// A kernel that is there to be copied from.
#[derive(Debug)]
struct Example {
    /// Its folder in `examples/kernels`, and its name.
    name: &'static str,
    /// The machine that it is for.
    machine: &'static str,
    /// Features of its package. The plain build is booted on all CPUs; one with a feature on the first, which has
    /// everything.
    features: &'static [&'static str],
    /// The CPU's feature that it uses to keep itself away from user memory, and says so where the CPU has it.
    window: Option<&'static str>,
}

/// The build without a feature.
const PLAIN: &str = "";

const ALL: &[Example] = &[
    Example { name: "x86_64-stub", machine: "x86_64", features: &["la57"], window: Some("smap") },
    Example { name: "x86_64-interrupt", machine: "x86_64", features: &[], window: Some("smap") },
    Example { name: "riscv64", machine: "riscv64", features: &["sv48", "sv57"], window: Some("sum") },
    Example { name: "aarch64", machine: "aarch64", features: &["lva"], window: Some("pan") },
];

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

/// Builds and boots those for a machine.
pub fn run(machine: &'static Machine, toolchain: &Toolchain, tally: &mut Tally) -> Result<()> {
    let mut boots = Vec::new();
    for example in ALL.iter().filter(|example| example.machine == machine.name) {
        let mut add = |feature, cpus: &'static [Cpu]| {
            let elf = example.build(feature, machine, toolchain)?;
            boots.extend(cpus.iter().map(|cpu| Boot { example, feature, machine, cpu, elf: elf.clone() }));
            anyhow::Ok(())
        };
        add(PLAIN, machine.cpus)?;
        for feature in example.features {
            add(feature, &machine.cpus[..1])?;
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
        root().join("examples/kernels").join(self.name)
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
        let start = Instant::now();
        let mut console = Console::default();
        let ended = Guest::start(qemu(self.machine, self.cpu, &self.elf))?.read(TIME_LIMIT, |line| {
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
            console.cases_passed(CASES)?;
            console.counts_as_we_do()
        });
        if outcome.is_err() {
            console.show();
        }
        let seconds = start.elapsed().as_secs_f32();
        Ok((format!("{name}: boot in {seconds:.1} s"), console.count(), outcome))
    }
}

fn qemu(machine: &Machine, cpu: &Cpu, elf: &Path) -> Command {
    let mut command = Command::new(machine.qemu);
    command
        .args(machine.board)
        .args(["-cpu", cpu.name, "-nographic", "-no-reboot", "-nic", "none", "-kernel"])
        .arg(elf);
    command
}
