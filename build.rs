// SPDX-License-Identifier: MIT OR Apache-2.0
//! Decides whether the crate runs in a kernel or in a process, gives kernels the path of the linker fragment, and refuses
//! targets that have no routines.
//!
//! A build script runs on the host. So it reads the target from `CARGO_CFG_*`; `cfg!` would describe the host.

use std::{env, fs, path::PathBuf, process::exit};

const ARCHS: [&str; 4] = ["x86_64", "aarch64", "riscv64", "loongarch64"];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=axptr.ld");
    println!("cargo::rerun-if-changed=asm");

    let arch = cfg("TARGET_ARCH");
    if !ARCHS.contains(&arch.as_str()) {
        refuse(&format!(
            "no routines for target_arch = \"{arch}\" (supported: {}). To add it, start from asm/x86_64 \
             and src/arch/x86_64",
            ARCHS.join(", ")
        ));
    }
    let endian = cfg("TARGET_ENDIAN");
    if endian != "little" {
        refuse(&format!(
            "target_endian = \"{endian}\": the routines for {arch} are written for the little-endian machine"
        ));
    }
    // A kernel's target may have an operating system of any name, its own for example: then the kernel says what it is.
    let home = match cfg("TARGET_OS").as_str() {
        _ if env::var_os("CARGO_CFG_AXPTR_KERNEL").is_some() => "kernel",
        "none" => "kernel",
        "linux" => "process",
        os => refuse(&format!(
            "target_os = \"{os}\" has no trap backend: use \"none\" (a kernel) or \"linux\" (a process). A kernel with \
             a target of its own is built with RUSTFLAGS=\"--cfg axptr_kernel\""
        )),
    };
    println!("cargo::rustc-check-cfg=cfg(axptr_home, values(\"kernel\", \"process\"))");
    println!("cargo::rustc-cfg=axptr_home=\"{home}\"");
    println!("cargo::rustc-check-cfg=cfg(axptr_ax_cpu, values(none(), \"from-place\", \"from-start\"))");
    if home == "kernel" && env::var_os("CARGO_FEATURE_AX_CPU").is_some() {
        // What the distances in ax-cpu's tables are from.
        let from = if arch == "riscv64" { "start" } else { "place" };
        println!("cargo::rustc-cfg=axptr_ax_cpu");
        println!("cargo::rustc-cfg=axptr_ax_cpu=\"from-{from}\"");
    }
    println!("cargo::rustc-check-cfg=cfg(axptr_vector_registers, values(\"saved\", \"unsaved\"))");
    if let Some(how) = vector_registers(&arch).filter(|_| home == "kernel") {
        println!("cargo::rustc-cfg=axptr_vector_registers=\"{how}\"");
    }
    // A process's routines use vector registers, unless its target has none, or its builder asks for those that a kernel has: to
    // test and to time them.
    println!("cargo::rustc-check-cfg=cfg(axptr_general_registers)");
    if home == "process" && arch == "aarch64" && vector_registers(&arch).is_none() {
        println!("cargo::rustc-cfg=axptr_general_registers");
    }
    println!("cargo::rustc-check-cfg=cfg(axptr_branch_targets)");
    if checks_branch_targets() {
        println!("cargo::rustc-cfg=axptr_branch_targets");
    }
    if cfg("TARGET_POINTER_WIDTH") != "64" {
        refuse("the routines are written for 64-bit pointers");
    }

    // A kernel's build script reads this as DEP_AXPTR_LINKER_FRAGMENT.
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let fragment = out.join("axptr.ld");
    fs::copy("axptr.ld", &fragment).expect("OUT_DIR is writable");
    println!("cargo::metadata=linker_fragment={}", fragment.display());
}

/// What becomes of the vector registers that this target's compiler uses, when the feature `vector` takes a fault. They
/// hold values of any code: the compiler moves memory by them.
fn vector_registers(arch: &str) -> Option<&'static str> {
    let features = cfg("TARGET_FEATURE");
    let has = |name| features.split(',').any(|feature| feature == name);
    match arch {
        "aarch64" if has("sve") => Some("unsaved"),
        "aarch64" => has("neon").then_some("saved"),
        "x86_64" => has("sse").then_some("unsaved"),
        "riscv64" => has("v").then_some("unsaved"),
        _ => has("lsx").then_some("unsaved"),
    }
}

/// Whether the compiler is told that the CPU checks where indirect branches go: `-Zcf-protection=branch` or `full` (IBT),
/// `-Zbranch-protection=bti`. Who tells it in another way than by RUSTFLAGS adds `--cfg axptr_branch_targets`.
fn checks_branch_targets() -> bool {
    let flags = env::var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    flags.split('\x1f').any(|flag| {
        let flag = flag.strip_prefix("-Z").unwrap_or(flag).trim_start();
        match flag.split_once('=') {
            Some(("cf-protection", kind)) => ["branch", "full"].contains(&kind),
            Some(("branch-protection", kinds)) => kinds.split(',').any(|kind| kind == "bti"),
            _ => false,
        }
    })
}

fn cfg(name: &str) -> String {
    env::var(format!("CARGO_CFG_{name}")).unwrap_or_default()
}

fn refuse(why: &str) -> ! {
    println!("cargo::error=axptr: {why}");
    exit(1);
}
