// SPDX-License-Identifier: MIT OR Apache-2.0
//! The test kernel on the living line of ArceOS crates, `tests/kernel-living`: built and booted once for each way in which
//! its faults may be decided.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};

use super::{console::Console, guest::Guest, image};
use crate::{
    env::{cache, toolchain::Toolchain},
    machine::{Cpu, Format, Loader, Machine},
    root::root,
    run::{pool, report::Tally},
};

/// How long one boot may take, another one beside it: its four CPUs wait for each other, on a host with fewer.
const TIME_LIMIT: Duration = Duration::from_secs(600);

/// How many run at once.
const AT_ONCE: usize = 2;

/// The boots: with how many CPUs, and in which mode. `tests/kernel/src/mode.rs` knows the modes: behind axptr's vector, and by
/// ax-cpu's own tables.
const BOOTS: &[(usize, &str)] = &[(1, ""), (4, ""), (1, "ax-cpu"), (4, "ax-cpu")];

/// How many CPUs get a memory of their own.
const MOST_CPUS: &str = "4";

/// Builds it for a machine, and boots it on the CPU with everything.
pub fn run(machine: &'static Machine, toolchain: &Toolchain, tally: &mut Tally) -> Result<()> {
    let elf = build(machine, toolchain)?;
    let cpu = &machine.cpus[0];
    let boots = BOOTS.iter().map(|&(cpus, mode)| Boot { machine, cpu, cpus, mode, elf: elf.clone() });
    pool::run(
        boots.collect(),
        AT_ONCE,
        |boot: Boot| boot.run(),
        |ended| {
            let (name, cases, outcome) = ended?;
            tally.part(&name, cases, outcome);
            Ok(())
        },
    )
}

/// Builds it.
pub fn build(machine: &Machine, toolchain: &Toolchain) -> Result<PathBuf> {
    let target = root().join("target/kernel-living");
    let mut cargo = toolchain.cargo("build");
    cache::share_builds(&mut cargo, "kernel-living");
    let status = cargo
        .args(["--release", "--locked", "--quiet", "--package", "axptr-kernel-living-image"])
        .current_dir(root().join("tests/kernel-living"))
        .env("CARGO_TARGET_DIR", &target)
        // Its loader puts it anywhere.
        .env("RUSTFLAGS", "-Crelocation-model=pic")
        .env("SMP", MOST_CPUS)
        .status()
        .context("running the bare-metal cargo")?;
    ensure!(status.success(), "the test kernel on the living line does not build for {}", machine.target);
    Ok(target.join(machine.target).join("release/axptr-kernel-living"))
}

/// One start of the kernel.
#[derive(Clone, Debug)]
struct Boot {
    machine: &'static Machine,
    cpu: &'static Cpu,
    cpus: usize,
    mode: &'static str,
    elf: PathBuf,
}

/// Its name, how many cases passed and failed, and what it comes to.
type Ended = (String, (usize, usize), Result<(), String>);

impl Boot {
    fn name(&self) -> String {
        let mut name = format!("living {} {}", self.machine.name, self.cpu.name);
        if self.cpus > 1 {
            name += &format!(" x{}", self.cpus);
        }
        if !self.mode.is_empty() {
            name += &format!(" {}", self.mode);
        }
        name
    }

    fn run(&self) -> Result<Ended> {
        let name = self.name();
        let start = Instant::now();
        let mut console = Console::default();
        let image = self.image()?;
        let ended = Guest::start(self.qemu(&image))?.read(TIME_LIMIT, |line| {
            // A firmware's console begins lines by sequences of its own.
            let line = line.rfind("case ").map_or(line.clone(), |at| line[at..].to_owned());
            if let Some(told) = line.strip_prefix("case ") {
                println!("{name}: {told}");
            }
            console.0.push(line);
        });
        let outcome = ended.and_then(|()| console.cases_ran(self.cpu.features, self.cpus));
        if outcome.is_err() {
            console.show();
        }
        let seconds = start.elapsed().as_secs_f32();
        Ok((format!("{name}: boot in {seconds:.1} s"), console.count(), outcome))
    }

    /// Writes what boots in the mode: a flat image, or a folder with one for UEFI.
    fn image(&self) -> Result<PathBuf> {
        let mode = format!("cpus={} {}", self.cpus, self.mode);
        let place = self.elf.with_file_name(format!("boot-{}", self.name().replace(' ', "-")));
        match self.machine.living.loader {
            Loader::Own => {
                image::write(&self.elf, &mode, Format::Flat, &place)?;
            }
            Loader::Uefi { program, .. } => {
                let program = place.join("EFI/BOOT").join(program);
                let folder = program.parent().unwrap_or(Path::new(""));
                fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
                image::write(&self.elf, &mode, Format::Flat, &program)?;
            }
        }
        Ok(place)
    }

    fn qemu(&self, image: &Path) -> Command {
        let mut command = Command::new(self.machine.qemu);
        command.args(self.machine.living.board).args([
            "-cpu",
            self.cpu.name,
            "-smp",
            &self.cpus.to_string(),
            "-nographic",
            "-no-reboot",
            "-nic",
            "none",
        ]);
        match self.machine.living.loader {
            Loader::Own => command.arg("-kernel").arg(image),
            Loader::Uefi { firmware, .. } => command
                .args(["-bios", firmware, "-drive"])
                .arg(format!("format=raw,file=fat:rw:{}", image.display())),
        };
        command
    }
}
