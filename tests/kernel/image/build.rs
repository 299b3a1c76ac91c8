// SPDX-License-Identifier: MIT OR Apache-2.0
//! Fills in ArceOS's own linker script for the target machine.
//!
//! axhal writes the script only where a platform configuration is set, so its template is read from axhal's
//! source. Nothing in it knows axptr: the table must survive a script that was written without it.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

/// CPUs that get a per-CPU area; the platform crates' default is 1.
const CPUS: usize = 4;

/// What the variant `discard` puts in front of ArceOS's script.
const DISCARD: &str = "SECTIONS { /DISCARD/ : { *(axptr_ex_table) } }\n";

/// How ArceOS's script takes in all code.
const CODE: &str = "*(.text .text.*)";

/// The same for riscv64, where a jump reaches 1 MiB and this kernel has more code: what jumps to the trap entry of
/// axcpu stands next to it, and so does what that jumps to. (The entry is all that is in `.text`.)
const CODE_BY_REACH: &str = "*(.text .text.riscv_trap_handler .text.axptr_vector .text.kernel_*)\n*(.text.*)";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=../Cargo.lock");

    let arch = env::var("CARGO_CFG_TARGET_ARCH").expect("cargo sets this");
    let (output_arch, base) = machine(&arch);
    let template = package("axhal").join("linker.lds.S");
    let mut script = fs::read_to_string(&template)
        .unwrap_or_else(|error| panic!("{}: {error}", template.display()))
        .replace("%ARCH%", output_arch)
        .replace("%KERNEL_BASE%", base)
        .replace("%CPU_NUM%", &CPUS.to_string())
        .replace("%DWARF%", "");
    assert!(!script.contains('%'), "the template has a name that is not filled in:\n{script}");
    if arch == "riscv64" {
        assert!(script.contains(CODE), "the template takes in code in another way:\n{script}");
        script = script.replace(CODE, CODE_BY_REACH);
    }
    if env::var_os("CARGO_FEATURE_DISCARD").is_some() {
        script.insert_str(0, DISCARD);
    }

    let out = env::var("OUT_DIR").expect("cargo sets this");
    let path = Path::new(&out).join("kernel.lds");
    fs::write(&path, script).expect("OUT_DIR is writable");

    link_arg(&format!("-T{}", path.display()));
    link_arg("-no-pie");
    // The handlers' slices are reached through their `__start_` symbols only.
    link_arg("-znostart-stop-gc");
    if env::var_os("CARGO_FEATURE_FRAGMENT").is_some() {
        let fragment = env::var("DEP_AXPTR_LINKER_FRAGMENT").expect("axptr's build script passes it");
        link_arg(&format!("-T{fragment}"));
    } else if arch == "riscv64" {
        // What the fragment says, too.
        link_arg("--defsym=__axptr_former_vector=trap_vector_base");
    }
}

fn link_arg(arg: &str) {
    println!("cargo::rustc-link-arg-bins={arg}");
}

/// The linker's name of the machine, and where the platform crate wants the kernel.
fn machine(arch: &str) -> (&'static str, &'static str) {
    match arch {
        "x86_64" => ("i386:x86-64", "0xffff800000200000"),
        "aarch64" => ("aarch64", "0xffff000040200000"),
        "riscv64" => ("riscv", "0xffffffc080200000"),
        "loongarch64" => ("loongarch64", "0xffff800000200000"),
        other => panic!("the test kernel has no platform for {other}; see tests/kernel/image/build.rs"),
    }
}

/// Where the source of a dependency lies, as cargo tells it.
fn package(name: &str) -> PathBuf {
    // Offline first: the build has fetched what it needs, but cargo describes the crates of the other
    // machines too and may have to fetch those.
    let metadata =
        metadata(&["--offline"]).or_else(|_| metadata(&[])).unwrap_or_else(|error| panic!("{error}"));
    // A package has its version behind its name; a dependency on it has not.
    let found = metadata.find(&format!(r#""name":"{name}","version":"#)).and_then(|at| {
        let (_, behind) = metadata[at..].split_once(r#""manifest_path":""#)?;
        Path::new(behind.split('"').next()?).parent()
    });
    found.unwrap_or_else(|| panic!("cargo metadata does not name {name}")).into()
}

fn metadata(more: &[&str]) -> Result<String, String> {
    let cargo = env::var_os("CARGO").expect("cargo sets this");
    let output = Command::new(cargo)
        .args(["metadata", "--locked", "--format-version", "1"])
        .args(more)
        .output()
        .map_err(|error| format!("cargo metadata: {error}"))?;
    if !output.status.success() {
        return Err(format!("cargo metadata: {}", String::from_utf8_lossy(&output.stderr)));
    }
    String::from_utf8(output.stdout).map_err(|error| format!("cargo metadata: {error}"))
}
