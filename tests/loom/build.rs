// SPDX-License-Identifier: MIT OR Apache-2.0
//! Makes of a file of `src` one whose atomics are the model checker's: those have no `const` constructors. Nothing else is
//! changed.

use std::{env, fs, path::Path};

const FILE: &str = "../../src/recovery/hosted/former.rs";

/// What is replaced, and by what.
const REPLACED: [(&str, &str); 2] = [("const fn", "fn"), ("use core::", "use crate::core::")];

fn main() {
    println!("cargo::rerun-if-changed={FILE}");
    let source = fs::read_to_string(FILE).expect("the file is there");
    let (source, _tests) = source.split_once("\n#[cfg(test)]").expect("its tests stand at its end");
    // An included file has no documentation of its own.
    let mut source = source.replace("\n//!", "\n//");
    for (before, after) in REPLACED {
        assert!(source.contains(before), "{FILE} has no {before:?}");
        source = source.replace(before, after);
    }
    let folder = env::var_os("OUT_DIR").expect("cargo names it");
    fs::write(Path::new(&folder).join("former.rs"), source).expect("it can be written");
}
