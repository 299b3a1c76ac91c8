// SPDX-License-Identifier: MIT OR Apache-2.0
//! axptr as a fresh package sees it: with its default features, which the tests' own packages never have.

#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

/// What became of a package with one of `tests/consumer`'s files for its program.
struct Built {
    compiles: bool,
    said: String,
}

/// Runs cargo on it. The features are those that its manifest asks for.
fn build(program: &str, features: &[&str], subcommand: &str) -> Built {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder: PathBuf =
        [env!("CARGO_TARGET_TMPDIR"), "consumer", &format!("{program}{}", features.concat())]
            .iter()
            .collect();
    fs::create_dir_all(&folder).unwrap();
    fs::copy(root.join("tests/consumer").join(program).with_extension("rs"), folder.join("main.rs")).unwrap();
    // The versions that are there already: a test needs no network.
    if root.join("Cargo.lock").exists() {
        fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
    }
    let manifest = format!(
        "[package]\nname = \"consumer\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\
         [[bin]]\nname = \"consumer\"\npath = \"main.rs\"\n\
         [dependencies]\naxptr = {{ path = {root:?}, features = {features:?} }}\n\
         bytemuck = {{ version = \"1.25\", features = [\"derive\", \"min_const_generics\"] }}\n\
         [workspace]\n[profile.dev]\ndebug = false\n"
    );
    fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or("cargo".into()));
    for variable in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_TARGET", "RUSTC_WRAPPER"] {
        cargo.env_remove(variable);
    }
    cargo.current_dir(&folder).args([subcommand, "--offline", "--quiet"]);
    let output = cargo
        .env("CARGO_TARGET_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).join("consumer/target"))
        .output()
        .unwrap();
    let said = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes)).concat();
    Built { compiles: output.status.success(), said }
}

#[test]
fn the_first_hour_of_a_kernels_author_compiles_and_runs() {
    let built = build("first_hour", &[], "run");
    assert!(built.compiles && built.said.contains("all as expected"), "{}", built.said);
}

#[test]
fn without_the_feature_no_safe_function_makes_a_reference() {
    let refused = build("earlier_surface", &[], "check");
    for method in ["get", "get_as_str", "get_as_slice", "get_as_null_terminated"] {
        assert!(
            refused.said.contains(&format!("no method named `{method}` found")),
            "{method}: {}",
            refused.said
        );
    }
    assert!(!refused.compiles);
    let built = build("earlier_surface", &["legacy"], "check");
    assert!(built.compiles, "{}", built.said);
}

#[test]
fn the_tests_hooks_are_not_there_for_others() {
    let refused = build("hooks_of_the_tests", &[], "check");
    assert!(!refused.compiles && refused.said.contains("`internal`"), "{}", refused.said);
}
