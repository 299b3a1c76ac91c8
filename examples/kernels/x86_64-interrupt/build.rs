// SPDX-License-Identifier: MIT OR Apache-2.0
use std::env::{VarError, var};

fn main() -> Result<(), VarError> {
    println!("cargo::rustc-link-arg=-no-pie");
    println!("cargo::rustc-link-arg=-T{}", var("DEP_AXPTR_EXAMPLE_X86_64_MACHINE_SCRIPT")?);
    println!("cargo::rustc-link-arg=-T{}", var("DEP_AXPTR_LINKER_FRAGMENT")?);
    Ok(())
}
