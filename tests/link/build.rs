// SPDX-License-Identifier: MIT OR Apache-2.0
//! The probe's build script: asks for the linker fragment as a kernel does.

fn main() {
    let fragment =
        std::env::var("DEP_AXPTR_LINKER_FRAGMENT").expect("axptr hands it to whoever depends on it");
    println!("cargo::rustc-env=FRAGMENT={fragment}");
    println!("cargo::rustc-check-cfg=cfg(foreign)");
}
