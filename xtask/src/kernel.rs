// SPDX-License-Identifier: MIT OR Apache-2.0
//! `cargo xtask kernel`: builds the test kernel and boots it in each way it must pass.

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};

use crate::{
    machine::{self, Cpu, Machine},
    report::Tally,
    root, setup,
    toolchain::{self, Toolchain},
};

/// How long one boot may take.
const TIME_LIMIT: Duration = Duration::from_secs(60);

/// The kernel's last line begins so, and its panic and its forecast of one.
const SUM: &str = "axptr-kernel: ";
const PANIC: &str = "axptr-kernel: PANIC: ";
const EXPECT: &str = "axptr-kernel: EXPECT: ";

/// The line that names what the CPU has.
const CPU: &str = "cpu:";

/// The boots of kernels that decide by something else than the table, with cases of their own.
const CASE_MODES: &[&str] = &["by-flag"];

/// The boots that are right only if they end in a panic, and the feature that they need.
const PANIC_MODES: &[(&str, Option<&str>)] = &[
    ("panic-kernel-side", None),
    ("panic-kernel-side-short", None),
    ("panic-kernel-side-out-of-reach", None),
    ("panic-no-entry", None),
    ("panic-no-flag", None),
    ("panic-out-of-reach", None),
    ("panic-smap", Some("smap")),
    ("panic-smap-with-entry", Some("smap")),
];

/// What the linker says where the kernel's script throws the exception table away.
const REFUSAL: &str = "ERROR(axptr)";

/// Builds and boots the kernel for the named machines.
pub fn run(names: &[String], tally: &mut Tally) -> Result<()> {
    let machines = machine::chosen(names)?;
    let needs: Vec<_> = machines.iter().copied().flat_map(setup::for_kernel).collect();
    setup::ensure(&needs)?;
    for machine in machines {
        let toolchain = toolchain::require(machine.target)?;
        println!("building for {}: {}", machine.target, toolchain.describe());
        let plain = build(machine, &toolchain)?;
        for boot in boots(machine) {
            boot.run(machine, &plain, tally)?;
        }
        let fragment = build_with_fragment(machine, &toolchain)?;
        let all_features = &machine.cpus[0];
        let boot = Boot {
            name: format!("{} {} fragment", machine.name, all_features.name),
            cpu: all_features,
            mode: None,
            must: Must::Pass,
        };
        boot.run(machine, &fragment, tally)?;
        tally.check(
            &format!("{}: a script that discards the table does not link", machine.name),
            discarding_fails(&toolchain)?,
        );
    }
    Ok(())
}

/// The kernel with ArceOS's script alone.
fn build(machine: &Machine, toolchain: &Toolchain) -> Result<PathBuf> {
    let status = build_command(toolchain, &[]).status().context("running the bare-metal cargo")?;
    ensure!(status.success(), "the test kernel does not build for {}", machine.target);
    keep(machine, "plain")
}

/// The kernel with axptr's linker fragment beside the script.
fn build_with_fragment(machine: &Machine, toolchain: &Toolchain) -> Result<PathBuf> {
    let status = build_command(toolchain, &["--features", "fragment"]).status()?;
    ensure!(status.success(), "the test kernel does not link with the fragment for {}", machine.target);
    keep(machine, "fragment")
}

/// The kernel with a script that discards the exception table.
fn discarding_fails(toolchain: &Toolchain) -> Result<Result<(), String>> {
    let output = build_command(toolchain, &["--features", "discard"]).output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    Ok(match (output.status.success(), said.contains(REFUSAL)) {
        (true, _) => Err("it links".to_owned()),
        (false, true) => Ok(()),
        (false, false) => Err(format!("it fails without {REFUSAL:?}:\n{said}")),
    })
}

fn build_command(toolchain: &Toolchain, more: &[&str]) -> Command {
    let mut command = toolchain.cargo("build");
    command
        .args(["--release", "--locked", "--quiet"])
        .args(more)
        .current_dir(root().join("tests/kernel"))
        .env("CARGO_TARGET_DIR", folder());
    command
}

/// Puts the image where the next variant does not replace it.
fn keep(machine: &Machine, variant: &str) -> Result<PathBuf> {
    let built = folder().join(machine.target).join("release/axptr-kernel");
    let kept = built.with_file_name(format!("axptr-kernel-{variant}"));
    fs::copy(&built, &kept).with_context(|| format!("keeping {}", built.display()))?;
    Ok(kept)
}

fn folder() -> PathBuf {
    root().join("target/kernel")
}

/// One start of the kernel and what it must come to.
#[derive(Debug)]
struct Boot {
    name: String,
    cpu: &'static Cpu,
    /// The word for the command line; none runs the cases on the table.
    mode: Option<&'static str>,
    must: Must,
}

/// What a boot must come to.
#[derive(Clone, Copy, Debug)]
enum Must {
    /// All its cases run.
    Pass,
    /// It panics as it has said.
    Panic,
}

fn boots(machine: &Machine) -> Vec<Boot> {
    let mut boots = Vec::new();
    for cpu in machine.cpus {
        let name = format!("{} {}", machine.name, cpu.name);
        boots.push(Boot { name: name.clone(), cpu, mode: None, must: Must::Pass });
        for &mode in CASE_MODES {
            boots.push(Boot { name: format!("{name} {mode}"), cpu, mode: Some(mode), must: Must::Pass });
        }
    }
    for cpu in machine.cpus {
        for &(mode, feature) in PANIC_MODES {
            if feature.is_none_or(|feature| cpu.features.contains(&feature)) {
                boots.push(Boot {
                    name: format!("{} {} {mode}", machine.name, cpu.name),
                    cpu,
                    mode: Some(mode),
                    must: Must::Panic,
                });
            }
        }
    }
    boots
}

impl Boot {
    fn run(&self, machine: &Machine, image: &Path, tally: &mut Tally) -> Result<()> {
        let start = Instant::now();
        let mut console = Console::default();
        let ended = Guest::start(self.qemu(machine, image))?.read(TIME_LIMIT, |line| {
            if let Some(told) = line.strip_prefix("case ").or(line.strip_prefix("note: ")) {
                println!("{}: {told}", self.name);
            }
            console.0.push(line);
        });
        let outcome = ended.and_then(|()| match self.must {
            Must::Pass => console.cases_ran(self.cpu.features),
            Must::Panic => console.panicked_as_announced(machine.fault_panics),
        });
        if outcome.is_err() {
            console.show();
        }
        let (passed, failed) = console.count();
        tally.add(passed, failed);
        let seconds = start.elapsed().as_secs_f32();
        tally.check(&format!("{}: boot in {seconds:.1} s", self.name), outcome);
        Ok(())
    }

    fn qemu(&self, machine: &Machine, image: &Path) -> Command {
        let mut command = Command::new(machine.qemu);
        command
            .args(machine.board)
            .args(["-cpu", self.cpu.name, "-nographic", "-no-reboot", "-nic", "none"])
            .arg("-kernel")
            .arg(image);
        if let Some(mode) = self.mode {
            command.args(["-append", &format!("mode={mode}")]);
        }
        command
    }
}

/// A running emulator; it ends with this value.
#[derive(Debug)]
struct Guest {
    child: Child,
    lines: Receiver<String>,
}

impl Guest {
    fn start(mut command: Command) -> Result<Self> {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("starting {:?}", command.get_program()))?;
        let output = child.stdout.take().context("the console is a pipe")?;
        Ok(Self { child, lines: lines_of(output) })
    }

    /// Hands on each line of the console until the guest has powered off.
    fn read(mut self, limit: Duration, mut each: impl FnMut(String)) -> Result<(), String> {
        let deadline = Instant::now() + limit;
        loop {
            match self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => each(line),
                Err(RecvTimeoutError::Timeout) => {
                    return Err(format!("still running after {} s", limit.as_secs()));
                }
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        match self.child.wait() {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(format!("the emulator ended with {status}")),
            Err(error) => Err(format!("the emulator is lost: {error}")),
        }
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        // Both fail once the guest has powered off, as it should have.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads lines in a thread of their own, so that a silent guest can be timed out.
fn lines_of(output: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, lines) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(output).split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line).trim_end().to_owned();
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    lines
}

/// The lines of one boot.
#[derive(Debug, Default)]
struct Console(Vec<String>);

impl Console {
    /// How many cases said `ok`, and how many said anything else.
    fn count(&self) -> (usize, usize) {
        let cases = self.0.iter().filter(|line| line.starts_with("case "));
        let (passed, failed): (Vec<_>, Vec<_>) = cases.partition(|line| line.ends_with(" ... ok"));
        (passed.len(), failed.len())
    }

    /// Whether the boot came to its end on the CPU that it should have, and counted what we did.
    fn cases_ran(&self, features: &[&str]) -> Result<(), String> {
        let found = self.0.iter().find_map(|line| line.strip_prefix(CPU)).ok_or("it names no CPU")?;
        if !found.split_whitespace().eq(features.iter().copied()) {
            return Err(format!("the CPU has{found}, not {features:?}"));
        }
        let (passed, failed) = self.count();
        let sum = format!("{SUM}{passed} passed, {failed} failed");
        if passed + failed == 0 {
            return Err("no case ran".to_owned());
        }
        match self.0.iter().rfind(|line| line.starts_with(SUM)) {
            Some(last) if *last == sum => Ok(()),
            Some(last) => Err(format!("{last:?} instead of {sum:?}")),
            None => Err("the kernel did not reach its end".to_owned()),
        }
    }

    /// Whether it panicked where the kernel said it would, and did not go on.
    fn panicked_as_announced(&self, fault_panics: &[&str]) -> Result<(), String> {
        let told: Vec<_> = self.0.iter().filter(|line| line.starts_with(SUM)).collect();
        let [announced, panic] = told[..] else {
            return Err(format!("{} lines instead of a forecast and a panic", told.len()));
        };
        let announced = announced.strip_prefix(EXPECT).ok_or("no forecast")?;
        let panic = panic.strip_prefix(PANIC).ok_or("no panic")?;
        if !fault_panics.iter().any(|begins| announced.starts_with(begins)) {
            return Err(format!("{announced:?} is not a forecast of any of {fault_panics:?}"));
        }
        if !panic.starts_with(announced) {
            return Err(format!("{panic:?} instead of {announced:?}"));
        }
        match self.count() {
            (0, 0) => Ok(()),
            _ => Err("cases ran".to_owned()),
        }
    }

    fn show(&self) {
        println!("--- console");
        for line in &self.0 {
            println!("| {}", line.replace(char::is_control, ""));
        }
        println!("---");
    }
}

#[cfg(test)]
mod tests {
    use super::Console;

    fn console(text: &str) -> Console {
        Console(text.lines().map(str::to_owned).collect())
    }

    #[test]
    fn a_run_counts_only_if_its_own_sum_agrees() {
        let whole = "cpu: a b\ncase a ... ok\ncase b ... FAILED: x\naxptr-kernel: 1 passed, 1 failed";
        assert_eq!(console(whole).cases_ran(&["a", "b"]), Ok(()));
        for others in [&["a"][..], &["b", "a"], &["a", "b", "c"], &[]] {
            assert!(console(whole).cases_ran(others).is_err(), "{others:?} passed");
        }
        assert_eq!(console(whole).count(), (1, 1));
        for broken in [
            "axptr-kernel: 0 passed, 0 failed",
            "case a ... ok",
            "case a ... ok\naxptr-kernel: 2 passed, 0 failed",
            "case a ... ok\naxptr-kernel: PANIC: late",
            "case a ... ok\naxptr-kernel: 1 passed, 0 failed\naxptr-kernel: PANIC: later",
        ] {
            let named = format!("cpu:\n{broken}");
            assert!(console(&named).cases_ran(&[]).is_err(), "{broken:?} passed");
        }
    }

    #[test]
    fn a_panic_counts_only_where_it_was_announced() {
        let right = "axptr-kernel: EXPECT: #PF @ 0x1, at 0x2\n\
                     axptr-kernel: PANIC: #PF @ 0x1, at 0x2, error_code=2:\nTrapFrame {";
        assert_eq!(console(right).panicked_as_announced(&["#PF @ ", "#DF @ "]), Ok(()));
        for wrong in [
            "axptr-kernel: EXPECT: #PF @ 0x1",
            "axptr-kernel: PANIC: #PF @ 0x1",
            "axptr-kernel: EXPECT: #PF @ 0x1\naxptr-kernel: PANIC: #PF @ 0x3",
            "axptr-kernel: EXPECT: #GP @ 0x1\naxptr-kernel: PANIC: #GP @ 0x1",
            "axptr-kernel: EXPECT: #PF @ 0x1\naxptr-kernel: PANIC: #PF @ 0x1\n\
             axptr-kernel: 0 passed, 0 failed",
        ] {
            let outcome = console(wrong).panicked_as_announced(&["#PF @ ", "#DF @ "]);
            assert!(outcome.is_err(), "{wrong:?} passed");
        }
    }
}
