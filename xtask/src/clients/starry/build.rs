// SPDX-License-Identifier: MIT OR Apache-2.0
//! Builds the kernel, as published and with axptr inside.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};

use super::{
    compiler,
    folder::folder,
    needs, symbols,
    user_memory::{self, Edited},
};
use crate::{
    clients::sources::Package,
    env::{cache, command::clean, toolchain::Toolchain},
    machine::Machine,
};

const STARRYOS: Package = Package { name: "starryos", version: "0.5.39" };

/// The version whose features the compiler has.
const X86_64: &str = "0.15.4";

/// Which of the two kernels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variant {
    /// With no edits but those that make it compile.
    Base,
    /// With its accesses to user memory by axptr.
    Axptr,
}

impl Variant {
    pub const BOTH: [Self; 2] = [Self::Base, Self::Axptr];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Base => "base",
            Self::Axptr => "axptr",
        }
    }
}

/// The sources of one variant: the folder of the package whose program is the kernel.
pub fn sources(variant: Variant) -> Result<PathBuf> {
    // What no variant changes is one package for both, and built once.
    let common = folder().join("common");
    let own = folder().join(variant.name());
    let mut patched = vec![
        ("ax-io", compiler::AX_IO.edited(&common, compiler::OF_AX_IO, "")?),
        ("printf-compat", compiler::PRINTF.edited(&common, compiler::OF_PRINTF, "")?),
    ];
    for Edited { package, for_compiler, for_axptr } in user_memory::EDITED {
        let (edits, manifest) = match variant {
            Variant::Base if for_compiler.is_empty() => continue,
            Variant::Base => (for_compiler.to_vec(), String::new()),
            Variant::Axptr => ([*for_compiler, *for_axptr].concat(), user_memory::manifest(*package)),
        };
        patched.push((package.name, package.edited(&own, &edits, &manifest)?));
    }
    // It stands alone, although it lies inside our workspace.
    let mut manifest = "\n[workspace]\n\n[patch.crates-io]\n".to_owned();
    for (name, path) in patched {
        manifest += &format!("{name} = {{ path = {:?} }}\n", path.display().to_string());
    }
    STARRYOS.edited(&own, compiler::OF_STARRYOS, &manifest)
}

/// Builds it for one machine. Returns the kernel's ELF file, with its symbol table.
pub fn kernel(
    machine: &Machine,
    toolchain: &Toolchain,
    variant: Variant,
    sources: &Path,
) -> Result<Result<PathBuf, String>> {
    println!("building StarryOS ({}) for {}", variant.name(), machine.target);
    if machine.name == "x86_64" {
        let mut update = clean("cargo");
        update.args(["update", "--quiet", "--package", "x86_64", "--precise", X86_64]).current_dir(sources);
        ensure!(update.status().context("running cargo")?.success(), "there is no x86_64 {X86_64}");
    }
    let mut path = vec![needs::compilers(machine)?];
    path.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
    let target = folder().join("build");
    let mut command = toolchain.cargo("build");
    cache::share_no_builds(&mut command);
    command
        .args(["--release", "--quiet", "--bin", "starryos", "--features", features(machine)])
        .current_dir(sources)
        .env("PATH", env::join_paths(path)?)
        .env("CARGO_TARGET_DIR", &target)
        .env("AX_TARGET", machine.target)
        .env("AX_LOG", "warn")
        .env("RUSTFLAGS", flags(machine));
    let headers: Vec<_> =
        needs::headers(machine).iter().map(|path| format!("-I{}", path.display())).collect();
    command.env("BINDGEN_EXTRA_CLANG_ARGS", headers.join(" "));
    if let Some(library) = needs::library(machine) {
        command.env("LIBCLANG_PATH", library);
    }
    let log = folder().join(format!("build-{}-{}.log", machine.name, variant.name()));
    command.stderr(fs::File::create(&log)?);
    if !command.status().context("running the bare-metal cargo")?.success() {
        return Ok(Err(format!("{}; see {}", first_error(&log)?, log.display())));
    }
    let lock = fs::read_to_string(sources.join("Cargo.lock"))?;
    ensure!(!lock.contains("[[patch.unused]]"), "the kernel needs another version of an edited package");
    let built = target.join(machine.target).join("release/starryos");
    let kept = folder().join(format!("starryos-{}-{}", machine.name, variant.name()));
    fs::copy(&built, &kept).with_context(|| format!("keeping {}", built.display()))?;
    symbols::write(&kept, &needs::symbols())?;
    Ok(Ok(kept))
}

fn first_error(log: &Path) -> Result<String> {
    let text = fs::read_to_string(log)?;
    Ok(text.lines().find(|line| line.starts_with("error")).unwrap_or("cargo failed").to_owned())
}

/// What its disk, its console and its clock need. The disk's driver is no part of the default.
fn features(machine: &Machine) -> &'static str {
    match machine.name {
        "x86_64" => "axplat-dyn/efi,ax-driver/nvme",
        _ => "ax-driver/nvme,ax-driver/serial,ax-runtime/rtc",
    }
}

/// It is a position-independent program with a script of its own.
fn flags(machine: &Machine) -> String {
    let mut flags = "-Crelocation-model=pic".to_owned();
    let linker = ["-pie", "--gc-sections", "-znorelro", "-znostart-stop-gc", "-Tlinker.x", "-u_head"];
    // Relaxed code would not find its data at another address.
    let own: &[&str] = if machine.name == "riscv64" { &["--no-relax"] } else { &[] };
    for arg in linker.iter().chain(own) {
        flags += &format!(" -Clink-arg={arg}");
    }
    flags
}
