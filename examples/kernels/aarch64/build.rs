// SPDX-License-Identifier: MIT OR Apache-2.0
fn main() -> Result<(), std::env::VarError> {
    println!("cargo::rustc-link-arg=-T{}", std::env::var("DEP_AXPTR_LINKER_FRAGMENT")?);
    println!("cargo::rustc-link-arg=-T{}/kernel.ld", std::env::var("CARGO_MANIFEST_DIR")?);
    Ok(())
}
