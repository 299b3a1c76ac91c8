// SPDX-License-Identifier: MIT OR Apache-2.0
fn main() -> Result<(), std::env::VarError> {
    // A kernel's build script reads this as DEP_AXPTR_EXAMPLE_X86_64_MACHINE_SCRIPT.
    println!("cargo::metadata=script={}/kernel.ld", std::env::var("CARGO_MANIFEST_DIR")?);
    println!("cargo::rerun-if-changed=kernel.ld");
    Ok(())
}
