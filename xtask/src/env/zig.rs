// SPDX-License-Identifier: MIT OR Apache-2.0
//! Zig as a linker: it brings a C library for each machine.
//!
//! It comes as a Python package, into a folder of its own; nothing of Python is needed to use it.

use std::{
    env, fs,
    os::unix::{ffi::OsStrExt, fs::PermissionsExt},
    path::PathBuf,
    process::{Command, ExitCode, Stdio},
};

use anyhow::{Context, Result, ensure};

use super::cache;
use crate::root::home;

/// The version that was tried.
const VERSION: &str = "0.17.0";

/// What rustc is told: to link statically, with the C library of the linker and not with rustc's own.
pub const RUSTFLAGS: &str = "-Clink-self-contained=no -Ctarget-feature=+crt-static";

/// The command by which the linker's script calls this program.
pub const COMMAND: &str = "link-by-zig";

/// Whether it is there, in the version that was tried.
pub fn is_there() -> bool {
    let output = Command::new(program()).arg("version").stderr(Stdio::null()).output();
    output.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).trim() == VERSION)
}

/// Whether there is a pip to get it with.
pub fn has_pip() -> bool {
    let status = Command::new("python3").args(["-m", "pip", "--version"]).stdout(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

/// Gets it.
pub fn install() -> Result<()> {
    let package = format!("ziglang=={VERSION}");
    eprintln!("pip install {package}");
    let status = Command::new("python3")
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--upgrade", "--target"])
        .arg(folder())
        .arg(&package)
        .stdin(Stdio::null())
        .status()
        .context("running pip")?;
    ensure!(status.success(), "pip install {package} failed");
    Ok(())
}

/// A script that links for `target`: rustc wants a program without arguments.
pub fn linker(target: &str) -> Result<PathBuf> {
    let folder = home().join("target/zig");
    fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
    let path = folder.join(format!("{target}-cc"));
    let this = env::current_exe().context("asking where this program is")?;
    let mut script = b"#!/bin/sh\nexec '".to_vec();
    script.extend(this.as_os_str().as_bytes());
    script.extend(format!("' {COMMAND} {target} \"$@\"\n").as_bytes());
    if fs::read(&path).ok().as_ref() != Some(&script) {
        fs::write(&path, script).with_context(|| format!("writing {}", path.display()))?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
    }
    Ok(path)
}

/// What the script calls: `TARGET` and the arguments that rustc has for a C compiler.
pub fn link(args: &[String]) -> Result<ExitCode> {
    let (target, args) = args.split_first().context("no target")?;
    let status = Command::new(program())
        .args(["cc", "-target", target])
        .args(args.iter().filter_map(|arg| translated(arg)))
        .env("ZIG_GLOBAL_CACHE_DIR", folder().join("cache"))
        .env("ZIG_LOCAL_CACHE_DIR", folder().join("cache"))
        .status()
        .context("running zig")?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The argument in Zig's terms, if it has it: LLVM's libraries stand in for those of GCC.
fn translated(arg: &str) -> Option<&str> {
    match arg {
        "-lgcc_eh" | "-lgcc_s" => Some("-lunwind"),
        "-lgcc" => None,
        _ => Some(arg),
    }
}

/// Zig itself.
pub fn program() -> PathBuf {
    folder().join("ziglang/zig")
}

/// Where it has the C headers of `MACHINE-linux-musl`.
pub fn headers(target: &str) -> [PathBuf; 2] {
    [target, "generic-musl"].map(|name| folder().join("ziglang/lib/libc/include").join(name))
}

/// What is installed, and the C library that it has built by now.
fn folder() -> PathBuf {
    cache::folder().join(format!("zig-{VERSION}"))
}

#[cfg(test)]
mod tests {
    use super::translated;

    #[test]
    fn only_the_libraries_of_gcc_are_translated() {
        for (arg, expected) in [
            ("-lgcc_eh", Some("-lunwind")),
            ("-lgcc_s", Some("-lunwind")),
            ("-lgcc", None),
            ("-lc", Some("-lc")),
            ("/tmp/gcc.o", Some("/tmp/gcc.o")),
        ] {
            assert_eq!(translated(arg), expected);
        }
    }
}
