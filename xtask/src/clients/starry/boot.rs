// SPDX-License-Identifier: MIT OR Apache-2.0
//! Starts the kernel in the emulator, with the program as its first process.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};

use super::{build::Variant, disk, entry, folder::folder, needs, score::Score};
use crate::{
    kernel::{guest::Guest, image},
    machine::{Format, Machine},
};

/// How long one boot may take.
const TIME_LIMIT: Duration = Duration::from_secs(600);

/// Where the clock goes by instructions, one takes 2 to the power of this in nanoseconds: firmware waits for seconds.
const SHIFT: u32 = 4;

/// One start of a kernel.
#[derive(Clone, Copy, Debug)]
pub struct Boot<'a> {
    pub machine: &'static Machine,
    pub variant: Variant,
    pub kernel: &'a Path,
    pub program: &'a Path,
    pub cpus: usize,
    /// Whether its clock goes by instructions.
    pub by_instructions: bool,
}

impl Boot<'_> {
    /// What the program has said. All of the console is kept in a file.
    pub fn run(&self) -> Result<Score> {
        let name = self.name();
        let folder = folder().join(&name);
        fs::create_dir_all(&folder)?;
        let image = folder.join("image");
        image::write_as_it_is(self.kernel, Format::Flat, &image)?;
        if self.machine.name == "loongarch64" {
            entry::without_firmware(&image)?;
        }
        let qemu = self.qemu(&folder, &image, &disk::root(&folder, self.program)?)?;
        let start = Instant::now();
        let mut score = Score::new(self.by_instructions.then_some(1 << SHIFT));
        let mut console = String::new();
        let mut guest = Guest::start(qemu)?;
        while !score.is_over() {
            match guest.next(start + TIME_LIMIT) {
                Ok(Some(line)) => {
                    let line = printable(&line);
                    score.read(&line);
                    console += &line;
                    console.push('\n');
                }
                Ok(None) => score.fail("the emulator has ended".to_owned()),
                Err(why) => score.fail(why),
            }
        }
        drop(guest);
        let log = folder.with_extension("log");
        fs::write(&log, console).with_context(|| format!("writing {}", log.display()))?;
        fs::remove_dir_all(&folder)?;
        println!("{name}: {:.0} s, the console is in {}", start.elapsed().as_secs_f32(), log.display());
        Ok(score)
    }

    fn name(&self) -> String {
        let what = if self.by_instructions { "count".to_owned() } else { format!("x{}", self.cpus) };
        format!("boot-{}-{}-{what}", self.machine.name, self.variant.name())
    }

    /// The CPU that has all that there is. An x2APIC's timer cannot be read where a clock goes by instructions.
    fn cpu(&self) -> &'static str {
        match self.machine.name {
            "x86_64" if self.by_instructions => "max,-x2apic",
            "x86_64" | "aarch64" => "max",
            _ => self.machine.cpus[0].name,
        }
    }

    /// In which slot the disk is. loongarch64's board describes its interrupts by one number each, and says that they have
    /// two: the kernel finds the first of them only, which every fourth slot has.
    fn slot(&self) -> &'static str {
        if self.machine.name == "loongarch64" { ",addr=4" } else { "" }
    }

    fn qemu(&self, folder: &Path, image: &Path, root: &Path) -> Result<Command> {
        let mut command = Command::new(self.machine.qemu);
        command
            .args(["-smp", &self.cpus.to_string()])
            .args(["-nographic", "-no-reboot", "-nic", "none"])
            .args(["-device", &format!("nvme,drive=root,serial=root{}", self.slot()), "-drive"])
            .arg(words("if=none,id=root,format=raw,file=", root));
        if self.by_instructions {
            command.arg("-icount").arg(format!("shift={SHIFT}"));
            if self.machine.name == "loongarch64" {
                // Else QEMU 10 ends at the first timer: "Raised interrupt while not in I/O function".
                command.args(["-accel", "tcg,one-insn-per-tb=on"]);
            }
        }
        command.args(board(self.machine)).arg("-cpu").arg(self.cpu());
        if self.machine.name == "x86_64" {
            let drive = disk::efi(folder, image, "BOOTX64.EFI")?;
            command.args(["-bios", needs::FIRMWARE, "-drive"]).arg(words("format=raw,file=fat:rw:", &drive));
        } else {
            command.arg("-kernel").arg(image).args(["-append", &format!("init=/{}", disk::PROGRAMS[0])]);
        }
        Ok(command)
    }
}

/// The board, with the memory that the kernel wants.
fn board(machine: &Machine) -> &'static [&'static str] {
    match machine.name {
        "x86_64" => &["-machine", "q35", "-m", "512M"],
        "aarch64" => &["-machine", "virt", "-m", "512M"],
        "loongarch64" => &["-machine", "virt", "-m", "1G"],
        _ => &["-machine", "virt", "-bios", "default", "-m", "512M"],
    }
}

fn words(first: &str, path: &Path) -> OsString {
    let mut all = OsString::from(first);
    all.push::<PathBuf>(path.into());
    all
}

/// A line without the terminal's colours.
fn printable(line: &str) -> String {
    let mut text = String::new();
    let mut chars = line.chars();
    while let Some(char) = chars.next() {
        match char {
            '\u{1b}' => {
                chars.by_ref().find(|char| char.is_ascii_alphabetic());
            }
            char if char.is_control() => {}
            char => text.push(char),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::printable;

    #[test]
    fn colours_are_no_text() {
        assert_eq!(printable("\u{1b}[37m[ 1.0 \u{1b}[1;31mgo\u{1b}[0m]\r"), "[ 1.0 go]");
    }
}
