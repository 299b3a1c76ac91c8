// SPDX-License-Identifier: MIT OR Apache-2.0
//! Links as that line's own runtime does: by the platform's script, position-independent. What the runtime adds to the
//! script is ax-cpu's two tables, so it is added here.

use std::{env, fs, path::Path};

/// Where ax-cpu looks for its tables.
const TABLES: &str = "\
SECTIONS {
    .ax_cpu_tables : ALIGN(8) {
        _ex_table_start = .;
        KEEP(*(__ex_table))
        _ex_table_end = .;
        _nofault_ex_table_start = .;
        KEEP(*(__nofault_ex_table))
        _nofault_ex_table_end = .;
    }
} INSERT AFTER .rodata;
";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let out = env::var("OUT_DIR").expect("cargo sets this");
    let tables = Path::new(&out).join("tables.ld");
    fs::write(&tables, TABLES).expect("OUT_DIR is writable");

    // The platform's build scripts tell the linker where it is.
    link_arg("-Taxplat.x");
    link_arg(&format!("-T{}", tables.display()));
    link_arg("-pie");
    link_arg("-znorelro");
    // The handlers' slices are reached through their `__start_` symbols only.
    link_arg("-znostart-stop-gc");
    // Nobody calls where the loader enters.
    link_arg("--undefined=_head");
    if env::var("CARGO_CFG_TARGET_ARCH").is_ok_and(|arch| arch == "riscv64") {
        // The entry runs where it is not linked, and no register is set for short addresses yet.
        link_arg("--no-relax");
    }
}

fn link_arg(arg: &str) {
    println!("cargo::rustc-link-arg-bins={arg}");
}
