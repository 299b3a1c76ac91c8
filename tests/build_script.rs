// SPDX-License-Identifier: MIT OR Apache-2.0
//! The build script against targets that have no routines: refused with a reason, never left to the compiler.

use std::{
    env, fs,
    path::Path,
    process::{Command, Output},
};

/// What cargo tells the script of a target: machine, operating system, pointer width, byte order.
type Target = [&'static str; 4];

const SUPPORTED: [Target; 5] = [
    ["x86_64", "none", "64", "little"],
    ["aarch64", "none", "64", "little"],
    ["riscv64", "none", "64", "little"],
    ["loongarch64", "none", "64", "little"],
    ["x86_64", "linux", "64", "little"],
];

/// And a part of the reason.
const REFUSED: [(Target, &str); 7] = [
    // aarch64_be-unknown-none-softfloat, aarch64_be-unknown-linux-gnu
    (["aarch64", "none", "64", "big"], "target_endian = \"big\""),
    (["aarch64", "linux", "64", "big"], "target_endian = \"big\""),
    (["riscv64", "none", "64", "big"], "target_endian = \"big\""),
    (["x86", "none", "32", "little"], "target_arch = \"x86\""),
    (["powerpc64", "linux", "64", "big"], "target_arch = \"powerpc64\""),
    (["x86_64", "windows", "64", "little"], "target_os = \"windows\""),
    // x86_64-unknown-linux-gnux32
    (["x86_64", "linux", "32", "little"], "64-bit pointers"),
];

#[test]
fn every_other_target_is_refused_with_its_reason() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("build_script");
    fs::create_dir_all(&folder).unwrap();
    let script = folder.join("script");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("build.rs");
    let mut rustc = Command::new(env::var_os("RUSTC").unwrap_or("rustc".into()));
    let status = rustc.args(["--edition=2024", "-o"]).args([&script, &source]).status().unwrap();
    assert!(status.success());

    for target in SUPPORTED {
        let output = run(&script, target);
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success() && text.contains("linker_fragment="), "{target:?}: {text}");
    }
    for (target, reason) in REFUSED {
        let output = run(&script, target);
        let text = String::from_utf8(output.stdout).unwrap();
        let error = text.lines().find_map(|line| line.strip_prefix("cargo::error=axptr: "));
        assert!(!output.status.success(), "{target:?}: {text}");
        assert!(error.is_some_and(|error| error.contains(reason)), "{target:?}: {text}");
    }
}

/// Runs the script as cargo does.
fn run(script: &Path, [arch, os, width, endian]: Target) -> Output {
    let mut command = Command::new(script);
    command
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("OUT_DIR", script.parent().unwrap())
        .env("CARGO_CFG_TARGET_ARCH", arch)
        .env("CARGO_CFG_TARGET_OS", os)
        .env("CARGO_CFG_TARGET_POINTER_WIDTH", width)
        .env("CARGO_CFG_TARGET_ENDIAN", endian);
    command.output().unwrap()
}
