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

/// For riscv64, where a jump reaches 1 MiB and this kernel has more code: what jumps to the trap entry of ax-cpu stands next
/// to it, and so does what that jumps to. (Entries of assembly are all that is in `.text`.)
const CODE_BY_REACH: &str = "\
SECTIONS {
    .text.entries : {
        *(.text .text.riscv_trap_handler .text.axptr_vector .text.kernel_*)
    }
} INSERT BEFORE .text;
";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let out = env::var("OUT_DIR").expect("cargo sets this");
    let arch = env::var("CARGO_CFG_TARGET_ARCH").expect("cargo sets this");
    let more = if arch == "riscv64" { CODE_BY_REACH } else { "" };
    let fragment = Path::new(&out).join("fragment.ld");
    fs::write(&fragment, format!("{TABLES}{more}")).expect("OUT_DIR is writable");

    // In front of the script: what stands first takes its sections first.
    link_arg(&format!("-T{}", fragment.display()));
    // The platform's build scripts tell the linker where it is.
    link_arg("-Taxplat.x");
    link_arg("-pie");
    link_arg("-znorelro");
    // The handlers' slices are reached through their `__start_` symbols only.
    link_arg("-znostart-stop-gc");
    // Nobody calls where the loader enters.
    link_arg("--undefined=_head");
    match &*arch {
        // The entry runs where it is not linked, and no register is set for short addresses yet.
        "riscv64" => {
            link_arg("--no-relax");
            // Without axptr's fragment: what its vector goes on to.
            link_arg("--defsym=__axptr_former_vector=trap_vector_base");
        }
        // axptr's vector, and this kernel's tables, know the table behind them by the earlier line's name of it.
        "aarch64" => link_arg("--defsym=exception_vector_base=__ax_cpu_vector_el1"),
        _ => {}
    }
}

fn link_arg(arg: &str) {
    println!("cargo::rustc-link-arg-bins={arg}");
}
