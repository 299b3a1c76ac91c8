// SPDX-License-Identifier: MIT OR Apache-2.0
//! Links as that line's own runtime does: by the platform's script, position-independent. What the runtime adds to the
//! script is added here: ax-cpu's two tables, and what the platform's drivers register as.

use std::{env, fs, path::Path};

/// Where ax-cpu looks for its tables, and this kernel for drivers.
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
    .driver.register : ALIGN(8) {
        __sdriver_register = .;
        KEEP(*(.driver.register*))
        __edriver_register = .;
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

/// For loongarch64: where the image's header says that it is entered. The platform's script has named its own entry there.
const ENTRY: &str = "\
_kernel_entry = ABSOLUTE(KERNEL_LOAD_ADDRESS + (kernel_enter_without_firmware - _head));
";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let out = env::var("OUT_DIR").expect("cargo sets this");
    let arch = env::var("CARGO_CFG_TARGET_ARCH").expect("cargo sets this");
    let more = if arch == "riscv64" { CODE_BY_REACH } else { "" };
    let script = |name: &str, text: &str| {
        let path = Path::new(&out).join(name);
        fs::write(&path, text).expect("OUT_DIR is writable");
        link_arg(&format!("-T{}", path.display()));
    };

    // In front of the platform's: what stands first takes its sections first.
    script("fragment.ld", &format!("{TABLES}{more}"));
    // Its build scripts tell the linker where it is.
    link_arg("-Taxplat.x");
    if arch == "loongarch64" {
        // Behind it: what is said last holds.
        script("entry.ld", ENTRY);
        link_arg("--undefined=kernel_enter_without_firmware");
    }
    link_arg("-pie");
    link_arg("-znorelro");
    // The handlers' slices are reached through their `__start_` symbols only.
    link_arg("-znostart-stop-gc");
    // Nobody calls where the loader enters.
    link_arg("--undefined=_head");
    if arch == "riscv64" {
        // The entry runs where it is not linked, and no register is set for short addresses yet.
        link_arg("--no-relax");
        // Without axptr's fragment: what its vector goes on to.
        link_arg("--defsym=__axptr_former_vector=trap_vector_base");
    }
}

fn link_arg(arg: &str) {
    println!("cargo::rustc-link-arg-bins={arg}");
}
