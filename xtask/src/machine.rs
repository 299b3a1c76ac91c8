// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the commands know of each machine: one table.

use anyhow::{Context, Result};

/// One architecture that the test kernel runs on.
#[derive(Debug)]
pub struct Machine {
    /// Its name on the command line.
    pub name: &'static str,
    /// The bare-metal target.
    pub target: &'static str,
    /// The one whose compiler uses vector registers, if the vector saves them.
    pub vector_target: Option<&'static str>,
    /// Whether a kernel's routines use vector registers with the feature for it.
    pub vector_routines: bool,
    /// The emulator, and the package that has it.
    pub qemu: &'static str,
    pub qemu_package: &'static str,
    /// The emulated board and its memory.
    pub board: &'static [&'static str],
    /// What its boot loader takes.
    pub image: Format,
    /// The processors that all cases run on: with and without the optional features.
    pub cpus: &'static [Cpu],
    /// The feature that keeps kernel code away from user memory.
    pub window: Option<&'static str>,
    /// How it boots on the living line of ArceOS crates.
    pub living: Living,
    /// How the panics of the kernel's own trap handler begin.
    pub fault_panics: &'static [&'static str],
    /// What the tests in a Linux process need.
    pub hosted: Hosted,
}

/// What differs on the living line of ArceOS crates, whose platform finds out what it runs on.
#[derive(Debug)]
pub struct Living {
    /// The emulated board and its memory.
    pub board: &'static [&'static str],
    pub loader: Loader,
}

/// What loads it.
#[derive(Debug)]
pub enum Loader {
    /// The emulator's own, of a flat image.
    Own,
    /// UEFI, a program of this name on a disk.
    Uefi { firmware: &'static str, package: &'static str, program: &'static str },
}

/// How programs for Linux on a machine are built and run where it is not the one that we are on.
#[derive(Debug)]
pub struct Hosted {
    /// The target of a program for Linux.
    pub target: &'static str,
    /// What links it.
    pub linker: Linker,
    /// The emulator of a process, and its arguments.
    pub qemu: &'static [&'static str],
}

/// A linker with a C library.
#[derive(Debug)]
pub enum Linker {
    /// The distribution's own, and the packages that it is in.
    Gcc { program: &'static str, packages: &'static [&'static str] },
    /// Zig's, for a machine that the distribution has no C library for.
    Zig { target: &'static str },
}

/// One emulated processor.
#[derive(Debug)]
pub struct Cpu {
    /// QEMU's name for it.
    pub name: &'static str,
    /// The features that cases depend on, as the kernel must find them.
    pub features: &'static [&'static str],
}

/// What the boot loader takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// The ELF file.
    Elf,
    /// The bytes of memory, from the lowest physical address on.
    Flat,
}

pub const ALL: &[Machine] = &[
    Machine {
        name: "x86_64",
        target: "x86_64-unknown-none",
        vector_target: None,
        vector_routines: true,
        qemu: "qemu-system-x86_64",
        qemu_package: "qemu-system-x86",
        board: &["-machine", "q35", "-m", "128M"],
        image: Format::Elf,
        cpus: &[
            Cpu { name: "max", features: &["erms", "smap", "pku"] },
            Cpu { name: "qemu64", features: &[] },
        ],
        window: Some("smap"),
        living: Living {
            board: &["-machine", "q35", "-m", "256M"],
            loader: Loader::Uefi {
                firmware: "/usr/share/ovmf/OVMF.fd",
                package: "ovmf",
                program: "BOOTX64.EFI",
            },
        },
        fault_panics: &["Unhandled #PF @ ", "#GP @ "],
        hosted: Hosted {
            target: "x86_64-unknown-linux-gnu",
            linker: Linker::Gcc {
                program: "x86_64-linux-gnu-gcc",
                packages: &["gcc-x86-64-linux-gnu", "libc6-dev-amd64-cross"],
            },
            qemu: &["qemu-x86_64", "-L", "/usr/x86_64-linux-gnu"],
        },
    },
    Machine {
        name: "aarch64",
        target: "aarch64-unknown-none-softfloat",
        vector_target: Some("aarch64-unknown-none"),
        vector_routines: false,
        qemu: "qemu-system-aarch64",
        qemu_package: "qemu-system-arm",
        board: &["-machine", "virt", "-m", "128M"],
        image: Format::Flat,
        cpus: &[
            Cpu { name: "max", features: &["pan", "mops", "uao"] },
            Cpu { name: "cortex-a76", features: &["pan", "uao"] },
            Cpu { name: "cortex-a72", features: &[] },
        ],
        window: Some("pan"),
        living: Living { board: &["-machine", "virt", "-m", "128M"], loader: Loader::Own },
        fault_panics: &["Unhandled Page Fault @ ", "Unhandled synchronous exception "],
        hosted: Hosted {
            target: "aarch64-unknown-linux-gnu",
            linker: Linker::Gcc {
                program: "aarch64-linux-gnu-gcc",
                packages: &["gcc-aarch64-linux-gnu", "libc6-dev-arm64-cross"],
            },
            qemu: &["qemu-aarch64", "-L", "/usr/aarch64-linux-gnu"],
        },
    },
    Machine {
        name: "riscv64",
        target: "riscv64gc-unknown-none-elf",
        vector_target: None,
        vector_routines: false,
        qemu: "qemu-system-riscv64",
        qemu_package: "qemu-system-misc",
        board: &["-machine", "virt", "-bios", "default", "-m", "128M"],
        image: Format::Flat,
        cpus: &[Cpu { name: "rv64", features: &["sum"] }],
        window: Some("sum"),
        living: Living {
            board: &["-machine", "virt", "-bios", "default", "-m", "128M"],
            loader: Loader::Own,
        },
        fault_panics: &["Unhandled Supervisor Page Fault @ ", "Unhandled trap "],
        hosted: Hosted {
            target: "riscv64gc-unknown-linux-gnu",
            linker: Linker::Gcc {
                program: "riscv64-linux-gnu-gcc",
                packages: &["gcc-riscv64-linux-gnu", "libc6-dev-riscv64-cross"],
            },
            qemu: &["qemu-riscv64", "-L", "/usr/riscv64-linux-gnu"],
        },
    },
    Machine {
        name: "loongarch64",
        target: "loongarch64-unknown-none-softfloat",
        vector_target: None,
        vector_routines: false,
        qemu: "qemu-system-loongarch64",
        qemu_package: "qemu-system-misc",
        board: &["-machine", "virt", "-m", "1G"],
        image: Format::Flat,
        cpus: &[Cpu { name: "la464", features: &["ual"] }],
        window: None,
        living: Living { board: &["-machine", "virt", "-m", "1G"], loader: Loader::Own },
        fault_panics: &["Unhandled PLV0 Page Fault @ ", "Unhandled trap "],
        hosted: Hosted {
            target: "loongarch64-unknown-linux-musl",
            linker: Linker::Zig { target: "loongarch64-linux-musl" },
            qemu: &["qemu-loongarch64"],
        },
    },
];

/// The machines of these names; without a name, all.
pub fn chosen(names: &[String]) -> Result<Vec<&'static Machine>> {
    if names.is_empty() {
        return Ok(ALL.iter().collect());
    }
    names.iter().map(|name| by_name(name)).collect()
}

fn by_name(name: &str) -> Result<&'static Machine> {
    ALL.iter().find(|machine| machine.name == name).with_context(|| {
        let known: Vec<_> = ALL.iter().map(|machine| machine.name).collect();
        format!("no machine {name:?}; there are {}", known.join(", "))
    })
}
