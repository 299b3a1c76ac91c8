// SPDX-License-Identifier: MIT OR Apache-2.0
//! The starts of the kernel: which there are, and what each must come to.

use std::{
    borrow::Cow,
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Error, Result, anyhow};

use super::{console::Console, guest::Guest, image};
use crate::{
    machine::{Cpu, Machine},
    run::{pool, report::Tally},
};

/// How long one boot may take, another one beside it.
const TIME_LIMIT: Duration = Duration::from_secs(300);

/// How many run at once: the emulator of a kernel with one CPU keeps one busy.
const AT_ONCE: usize = 2;

/// How many CPUs the kernel gets.
const CPU_COUNTS: &[usize] = &[1, 4];

/// The mode without a name: the cases on the table, behind axptr's vector.
pub const TABLE: &str = "";

/// The other modes that run cases: the table in the kernel's own trap handler, and no table at all.
const OTHER_CASES: &[&str] = &["own-handler", "by-flag"];

/// The mode that runs the cases that only one machine has.
pub const MACHINE: &str = "machine";

/// The mode of `cargo xtask count`, which is no case.
pub const COUNT: &str = "count";

/// What it says when it waits to be traced.
const READY: &str = "ready to be traced";

/// The modes that are right only if they end in a panic.
const PANICS: &[&str] = &[
    "panic-kernel-side",
    "panic-kernel-side-short",
    "panic-kernel-side-out-of-reach",
    "panic-no-entry",
    "panic-no-flag",
    "panic-out-of-reach",
    "panic-in-own-handler",
    "panic-forgotten-pc",
];

/// The same for CPUs that keep kernel code away from user memory.
const WINDOW_PANICS: &[&str] = &["panic-window", "panic-window-with-entry", "panic-window-in-own-handler"];

/// One start of the kernel and what it must come to.
#[derive(Clone, Debug)]
pub struct Boot {
    pub machine: &'static Machine,
    pub cpu: &'static Cpu,
    pub cpus: usize,
    pub mode: Cow<'static, str>,
    /// Which link of the kernel.
    pub variant: &'static str,
    pub elf: PathBuf,
    pub must: Must,
}

/// What a boot must come to.
#[derive(Clone, Copy, Debug)]
pub enum Must {
    /// All its cases run.
    Pass,
    /// It panics as it has said.
    Panic,
}

impl Boot {
    /// A boot of the plain kernel with one CPU, in the mode without a name.
    pub fn new(machine: &'static Machine, cpu: &'static Cpu, elf: &Path) -> Self {
        let must = Must::Pass;
        Self { machine, cpu, cpus: 1, mode: TABLE.into(), variant: "plain", elf: elf.into(), must }
    }

    fn name(&self) -> String {
        let mut name = format!("{} {}", self.machine.name, self.cpu.name);
        if self.cpus > 1 {
            name += &format!(" x{}", self.cpus);
        }
        for word in [&*self.mode, self.variant].into_iter().filter(|word| !["", "plain"].contains(word)) {
            name += &format!(" {word}");
        }
        name
    }
}

/// All boots of the plain kernel on a machine, the long ones first.
pub fn of_plain_kernel(machine: &'static Machine, elf: &Path) -> Vec<Boot> {
    let mut boots = Vec::new();
    for (index, cpu) in machine.cpus.iter().enumerate() {
        let one = Boot::new(machine, cpu, elf);
        boots.extend(CPU_COUNTS.iter().map(|&cpus| Boot { cpus, ..one.clone() }));
        // How faults are decided differs with everything a CPU may have, or nothing.
        if index == 0 || index + 1 == machine.cpus.len() {
            boots.extend(OTHER_CASES.iter().map(|&mode| Boot { mode: mode.into(), ..one.clone() }));
        }
    }
    for cpu in machine.cpus {
        let panic = Boot { must: Must::Panic, ..Boot::new(machine, cpu, elf) };
        let window = machine.window.is_some_and(|window| cpu.features.contains(&window));
        let modes = PANICS.iter().chain(if window { WINDOW_PANICS } else { &[] });
        boots.extend(modes.map(|&mode| Boot { mode: mode.into(), ..panic.clone() }));
    }
    boots
}

/// Runs them, several at once.
pub fn run_all(boots: Vec<Boot>, tally: &mut Tally) -> Result<()> {
    pool::run(
        boots,
        AT_ONCE,
        |boot| boot.run(),
        |ended| {
            let Ended { name, cases, outcome } = ended?;
            tally.part(&name, cases, outcome);
            Ok(())
        },
    )
}

/// How a boot has ended.
#[derive(Debug)]
struct Ended {
    name: String,
    /// Passed and failed.
    cases: (usize, usize),
    outcome: Result<(), String>,
}

impl Boot {
    fn run(&self) -> Result<Ended> {
        let name = self.name();
        let image = self.image()?;
        let start = Instant::now();
        let mut console = Console::default();
        let ended = Guest::start(self.qemu(&image))?.read(TIME_LIMIT, |line| {
            if let Some(told) = line.strip_prefix("case ").or(line.strip_prefix("note: ")) {
                println!("{name}: {told}");
            }
            console.0.push(line);
        });
        let seconds = start.elapsed().as_secs_f32();
        // It is as large as the kernel, and there are many.
        fs::remove_file(&image)?;
        let outcome = ended.and_then(|()| match self.must {
            Must::Pass => console.cases_ran(self.cpu.features, self.cpus),
            Must::Panic => console.panicked_as_announced(self.machine.fault_panics),
        });
        if outcome.is_err() {
            console.show();
        }
        Ok(Ended { name: format!("{name}: boot in {seconds:.1} s"), cases: console.count(), outcome })
    }

    /// Boots, and hands on each line of the console. Returns what the boot comes to.
    pub fn watched(&self, limit: Duration, mut each: impl FnMut(&str)) -> Result<Result<(), String>> {
        let image = self.image()?;
        let mut console = Console::default();
        let ended = Guest::start(self.qemu(&image))?.read(limit, |line| {
            each(&line);
            console.0.push(line);
        });
        fs::remove_file(&image)?;
        Ok(ended.and_then(|()| console.cases_ran(self.cpu.features, self.cpus)))
    }

    /// Boots, has each instruction of these ranges written down from the line [`READY`] on, and hands on each line of
    /// that. Returns what the console has said.
    pub fn traced(&self, ranges: &str, mut each: impl FnMut(&str) -> Result<()>) -> Result<Vec<String>> {
        let image = self.image()?;
        let mut qemu = self.qemu(&image);
        qemu.args(["-dfilter", ranges]);
        let (mut guest, log) = Guest::start_with_log(qemu)?;
        let deadline = Instant::now() + TIME_LIMIT;
        let mut console = Console::default();
        // An emulator that can be asked for each instruction is many times slower: not for the boot.
        let ready = guest.read_to(READY, deadline, |line| console.0.push(line));
        if ready.is_err() {
            console.show();
        }
        ready.map_err(Error::msg)?;
        guest.trace()?;
        while let Some(line) = log.next(deadline).map_err(Error::msg)? {
            each(&line)?;
        }
        let ended = guest.read(TIME_LIMIT, |line| console.0.push(line));
        fs::remove_file(&image)?;
        let outcome = ended.and_then(|()| console.is_of(self.cpu.features, self.cpus));
        if outcome.is_err() {
            console.show();
        }
        outcome.map_err(Error::msg)?;
        Ok(console.0)
    }

    /// Writes the image that boots in the mode.
    fn image(&self) -> Result<PathBuf> {
        let folder = self.elf.parent().ok_or_else(|| anyhow!("{} has no folder", self.elf.display()))?;
        let image = folder.join(format!("boot-{}", self.name().replace(' ', "-")));
        // As `tests/kernel/src/mode.rs` reads it.
        let mode = format!("cpus={} {}", self.cpus, self.mode);
        image::write(&self.elf, &mode, self.machine.image, &image)?;
        Ok(image)
    }

    fn qemu(&self, image: &Path) -> Command {
        let mut command = Command::new(self.machine.qemu);
        command
            .args(self.machine.board)
            .args(["-cpu", self.cpu.name, "-smp", &self.cpus.to_string()])
            .args(["-nographic", "-no-reboot", "-nic", "none", "-kernel"])
            .arg(image);
        command
    }
}
