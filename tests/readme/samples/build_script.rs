// SPDX-License-Identifier: MIT OR Apache-2.0
// build.rs of the package that is linked
fn main() -> Result<(), std::env::VarError> {
    println!("cargo::rustc-link-arg=-T{}", std::env::var("DEP_AXPTR_LINKER_FRAGMENT")?);
    Ok(())
}
