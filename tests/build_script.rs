// SPDX-License-Identifier: MIT OR Apache-2.0
//! The build script against targets that have no routines: refused with a reason, never left to the compiler.

use std::{
    env, fs,
    path::Path,
    process::{Command, Output},
};

/// What cargo tells the script of a target: machine, operating system, pointer width, byte order.
type Target = [&'static str; 4];

/// Each with what the crate then runs in.
const SUPPORTED: [(Target, &str); 5] = [
    (["x86_64", "none", "64", "little"], "kernel"),
    (["aarch64", "none", "64", "little"], "kernel"),
    (["riscv64", "none", "64", "little"], "kernel"),
    (["loongarch64", "none", "64", "little"], "kernel"),
    (["x86_64", "linux", "64", "little"], "process"),
];

/// Operating systems, for a kernel that says that it is one.
const OF_KERNELS: [&str; 5] = ["none", "linux", "hermit", "uefi", "its_own"];

/// What the compiler's target features, and the flags of the build, make of it: machine, features, flags, and the lines
/// that must be told.
const SETTINGS: [(&str, &str, &str, &[&str]); 14] = [
    ("x86_64", "fxsr", "", &[]),
    ("x86_64", "fxsr,sse,sse2", "", &["axptr_vector_registers=\"unsaved\""]),
    ("aarch64", "crc", "", &[]),
    ("aarch64", "fp16,neon,pan", "", &["axptr_vector_registers=\"saved\""]),
    ("aarch64", "neon,sve", "", &["axptr_vector_registers=\"unsaved\""]),
    ("riscv64", "a,c,d,f,m", "", &[]),
    ("riscv64", "a,c,d,f,m,v", "", &["axptr_vector_registers=\"unsaved\""]),
    ("loongarch64", "d,f", "", &[]),
    ("loongarch64", "d,f,lsx", "", &["axptr_vector_registers=\"unsaved\""]),
    ("x86_64", "", "-Zcf-protection=full", &["axptr_branch_targets"]),
    ("x86_64", "", "-g\x1f-Z\x1fcf-protection=branch", &["axptr_branch_targets"]),
    ("x86_64", "", "-Zcf-protection=return", &[]),
    ("aarch64", "", "-Zbranch-protection=pac-ret,bti", &["axptr_branch_targets"]),
    ("aarch64", "", "-Zbranch-protection=pac-ret", &[]),
];

/// The same of processes.
const SETTINGS_OF_PROCESSES: [(&str, &str, &[&str]); 3] = [
    ("aarch64", "crc", &["axptr_general_registers"]),
    ("aarch64", "neon", &[]),
    ("x86_64", "fxsr,sse,sse2", &[]),
];

/// And a part of the reason.
const REFUSED: [(Target, &str); 8] = [
    // aarch64_be-unknown-none-softfloat, aarch64_be-unknown-linux-gnu
    (["aarch64", "none", "64", "big"], "target_endian = \"big\""),
    (["aarch64", "linux", "64", "big"], "target_endian = \"big\""),
    (["riscv64", "none", "64", "big"], "target_endian = \"big\""),
    (["x86", "none", "32", "little"], "target_arch = \"x86\""),
    (["powerpc64", "linux", "64", "big"], "target_arch = \"powerpc64\""),
    (["x86_64", "windows", "64", "little"], "target_os = \"windows\""),
    (["x86_64", "hermit", "64", "little"], "--cfg axptr_kernel"),
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

    for (target, home) in SUPPORTED {
        accepted(target, home, &run(&script, target, false));
    }
    for os in OF_KERNELS {
        let target = ["x86_64", os, "64", "little"];
        accepted(target, "kernel", &run(&script, target, true));
    }
    let of_kernels = SETTINGS.map(|(arch, features, flags, due)| (arch, "none", features, flags, due));
    let of_processes = SETTINGS_OF_PROCESSES.map(|(arch, features, due)| (arch, "linux", features, "", due));
    for (arch, os, features, flags, due) in of_kernels.into_iter().chain(of_processes) {
        let mut command = command(&script, [arch, os, "64", "little"], false);
        let output = command.env("CARGO_CFG_TARGET_FEATURE", features).env("CARGO_ENCODED_RUSTFLAGS", flags);
        let text = String::from_utf8(output.output().unwrap().stdout).unwrap();
        let told = text.lines().filter_map(|line| line.strip_prefix("cargo::rustc-cfg="));
        let told: Vec<_> = told.filter(|cfg| !cfg.starts_with("axptr_home=")).collect();
        assert_eq!(told, due, "{arch} with {features:?} and {flags:?}");
    }
    for (target, reason) in REFUSED {
        let output = run(&script, target, false);
        let text = String::from_utf8(output.stdout).unwrap();
        let error = text.lines().find_map(|line| line.strip_prefix("cargo::error=axptr: "));
        assert!(!output.status.success(), "{target:?}: {text}");
        assert!(error.is_some_and(|error| error.contains(reason)), "{target:?}: {text}");
    }
}

fn accepted(target: Target, home: &str, output: &Output) {
    let text = String::from_utf8_lossy(&output.stdout);
    let named = text.lines().find_map(|line| line.strip_prefix("cargo::rustc-cfg=axptr_home="));
    assert!(output.status.success() && text.contains("linker_fragment="), "{target:?}: {text}");
    assert_eq!(named, Some(&*format!("\"{home}\"")), "{target:?}");
}

/// Runs the script as cargo does, with `--cfg axptr_kernel` or without.
fn run(script: &Path, target: Target, says_kernel: bool) -> Output {
    command(script, target, says_kernel).output().unwrap()
}

fn command(script: &Path, [arch, os, width, endian]: Target, says_kernel: bool) -> Command {
    let mut command = Command::new(script);
    command
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("OUT_DIR", script.parent().unwrap())
        .env("CARGO_CFG_TARGET_ARCH", arch)
        .env("CARGO_CFG_TARGET_OS", os)
        .env("CARGO_CFG_TARGET_POINTER_WIDTH", width)
        .env("CARGO_CFG_TARGET_ENDIAN", endian)
        .env_remove("CARGO_CFG_TARGET_FEATURE")
        .env_remove("CARGO_ENCODED_RUSTFLAGS");
    // What cargo sets for a flag without a value.
    match says_kernel {
        true => command.env("CARGO_CFG_AXPTR_KERNEL", ""),
        false => command.env_remove("CARGO_CFG_AXPTR_KERNEL"),
    };
    command
}
