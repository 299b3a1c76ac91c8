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
    if cfg("TARGET_POINTER_WIDTH") != "64" {
        refuse("the routines are written for 64-bit pointers");
    }

    // A kernel's build script reads this as DEP_AXPTR_LINKER_FRAGMENT.
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let fragment = out.join("axptr.ld");
    fs::copy("axptr.ld", &fragment).expect("OUT_DIR is writable");
    println!("cargo::metadata=linker_fragment={}", fragment.display());
}

fn cfg(name: &str) -> String {
    env::var(format!("CARGO_CFG_{name}")).unwrap_or_default()
}

fn refuse(why: &str) -> ! {
    println!("cargo::error=axptr: {why}");
    exit(1);
}
