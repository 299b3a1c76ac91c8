// SPDX-License-Identifier: MIT OR Apache-2.0
use std::env::var;

fn main() -> Result<(), std::env::VarError> {
    // As in src/memory.rs.
    let has = |feature| var(feature).is_ok();
    let shift = if has("CARGO_FEATURE_SV57") { 48 } else { 39 };
    let kernel = if has("CARGO_FEATURE_SV57") || has("CARGO_FEATURE_SV48") { usize::MAX << shift } else { 0 };
    println!("cargo::rerun-if-changed=kernel.ld");
    println!("cargo::rustc-link-arg=--defsym=KERNEL={kernel:#x}");
    println!("cargo::rustc-link-arg=-T{}/kernel.ld", var("CARGO_MANIFEST_DIR")?);
    println!("cargo::rustc-link-arg=-T{}", var("DEP_AXPTR_LINKER_FRAGMENT")?);
    Ok(())
}
