// SPDX-License-Identifier: MIT OR Apache-2.0
fn main() -> Result<(), std::env::VarError> {
    println!("cargo::rustc-link-arg=-T{}", std::env::var("DEP_AXPTR_LINKER_FRAGMENT")?);
    let script = "../../examples/kernels/aarch64/kernel.ld";
    println!("cargo::rustc-link-arg=-T{}/{script}", std::env::var("CARGO_MANIFEST_DIR")?);
    Ok(())
}
