// SPDX-License-Identifier: MIT OR Apache-2.0
//! What StarryOS needs beside the test kernel's tools. Only this client installs it.

use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf};

use anyhow::{Context, Result, ensure};

use super::folder::folder;
use crate::{
    env::{
        command::clean,
        need::{self, Need},
        setup,
    },
    machine::{Linker, Machine},
};

/// The package whose program makes the symbol table that the kernel wants to find in itself.
const SYMBOLS: (&str, &str) = ("ksym", "0.6.0");

/// Its dependencies read C headers, and its boot reads a disk.
const ALWAYS: [Need; 2] = [
    Need::Program { program: "clang", packages: &["clang"] },
    Need::Program { program: "mke2fs", packages: &["e2fsprogs"] },
];

/// The oldest compiler that knows the newest machine, and its library.
const NEWER_CLANG: Need = Need::Program { program: "clang-19", packages: &["clang-19"] };
const NEWER_LIBRARY: &str = "/usr/lib/llvm-19/lib";

/// The firmware that starts EFI images.
pub const FIRMWARE: &str = "/usr/share/ovmf/OVMF.fd";

/// Installs what is missing.
pub fn ensure_for(machines: &[&'static Machine]) -> Result<()> {
    let mut needs = ALWAYS.to_vec();
    for &machine in machines {
        needs.extend(need::of_kernel(machine));
        needs.push(Need::Linker(machine));
        if is_new(machine) {
            needs.push(NEWER_CLANG);
        }
        if machine.name == "x86_64" {
            needs.push(Need::File { path: FIRMWARE, package: "ovmf" });
        }
    }
    setup::ensure(&needs)?;
    if !symbols().is_file() {
        let (name, version) = SYMBOLS;
        let root = folder().join("tools");
        let mut install = clean("cargo");
        install.args(["install", "--quiet", "--locked", "--root"]).arg(&root).args([
            "--version",
            version,
            name,
        ]);
        ensure!(
            install.status().context("running cargo")?.success(),
            "cargo cannot install {name} {version}"
        );
    }
    Ok(())
}

/// The program that makes the symbol table.
pub fn symbols() -> PathBuf {
    folder().join("tools/bin/gen_ksym")
}

/// A folder with the C compiler under the name by which the kernel's build scripts call it.
pub fn compilers(machine: &Machine) -> Result<PathBuf> {
    let folder = folder().join("compilers");
    fs::create_dir_all(&folder)?;
    let script = folder.join(format!("{}-linux-musl-gcc", machine.name));
    fs::write(&script, compiler_script(machine))?;
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755))?;
    Ok(folder)
}

fn compiler_script(machine: &Machine) -> String {
    match machine.hosted.linker {
        Linker::Gcc { program, .. } => format!("#!/bin/sh\nexec {program} \"$@\"\n"),
        // Build scripts take it for clang, and name the target in a form that it does not know. The kernel has no
        // floating-point registers, so its C code must not pass values in them.
        Linker::Zig { target } => format!(
            "#!/bin/sh\nfor arg do\n    shift\n    case $arg in --target=*) ;; *) set -- \"$@\" \"$arg\" ;; esac\ndone\n\
             exec {} cc -target {target}sf \"$@\"\n",
            crate::env::zig::program().display()
        ),
    }
}

/// The command that compiles C for Linux on the machine.
pub fn c_compiler(machine: &Machine) -> String {
    match machine.hosted.linker {
        Linker::Gcc { program, .. } => program.to_owned(),
        Linker::Zig { target } => {
            format!("{} cc -target {target}", crate::env::zig::program().display())
        }
    }
}

fn is_new(machine: &Machine) -> bool {
    machine.name == "loongarch64"
}

/// The folder of the library that reads C headers for the machine, if the usual one cannot.
pub fn library(machine: &Machine) -> Option<&'static str> {
    is_new(machine).then_some(NEWER_LIBRARY)
}

/// Where the machine's C headers are: for those who read them by another compiler than its own.
pub fn headers(machine: &Machine) -> Vec<PathBuf> {
    if let Linker::Zig { target } = machine.hosted.linker {
        return crate::env::zig::headers(target).to_vec();
    }
    let triple = format!("{}-linux-gnu", machine.name);
    let folders = [format!("/usr/{triple}/include"), format!("/usr/include/{triple}")];
    folders.into_iter().map(PathBuf::from).filter(|path| path.is_dir()).collect()
}
