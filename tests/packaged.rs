// SPDX-License-Identifier: MIT OR Apache-2.0
//! What `cargo package` makes works by itself, and holds nothing that does not.

#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Cargo in a folder, without what an outer one has set.
fn cargo(folder: &Path, args: &[&str]) -> String {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or("cargo".into()));
    for variable in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_TARGET", "RUSTC_WRAPPER"] {
        cargo.env_remove(variable);
    }
    cargo.current_dir(folder).args(args).env("CARGO_TARGET_DIR", tmp().join("target"));
    let output = cargo.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{args:?}: {said}{}", String::from_utf8_lossy(&output.stderr));
    said
}

fn tmp() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("packaged")
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The folders and files at the top of the package.
const TOP: [&str; 15] = [
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Cargo.lock",
    "Cargo.toml",
    "Cargo.toml.orig",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "SECURITY.md",
    "asm",
    "axptr.ld",
    "build.rs",
    "docs",
    "examples",
    "src",
];

#[test]
fn the_package_holds_what_works_from_it_and_nothing_else() {
    let listed = cargo(root(), &["package", "--list", "--allow-dirty", "--offline", "--quiet"]);
    let mut top: Vec<&str> = listed.lines().map(|path| path.split('/').next().unwrap()).collect();
    top.retain(|name| *name != ".cargo_vcs_info.json");
    top.sort_unstable();
    top.dedup();
    assert_eq!(top, TOP);
    for folder in ["src", "asm", "docs", "examples"] {
        let mut files = Vec::new();
        walk(&root().join(folder), &mut files);
        for file in files {
            let path = file.strip_prefix(root()).unwrap().to_str().unwrap();
            assert!(listed.lines().any(|line| line == path), "{path} is not in the package");
        }
    }
}

#[test]
#[ignore = "builds everything again: `cargo xtask test` runs it"]
fn its_examples_and_its_documentations_samples_run_from_it() {
    fs::create_dir_all(tmp()).unwrap();
    cargo(root(), &["package", "--package", "axptr", "--allow-dirty", "--offline", "--no-verify", "--quiet"]);
    let package = tmp().join("target/package");
    let name = concat!("axptr-", env!("CARGO_PKG_VERSION"));
    let folder = tmp().join(name);
    let _ = fs::remove_dir_all(&folder);
    let archive = package.join(format!("{name}.crate"));
    let unpacked = Command::new("tar").arg("-xzf").arg(&archive).arg("-C").arg(tmp()).status().unwrap();
    assert!(unpacked.success(), "unpacking {}", archive.display());
    // It lies below this project, and is no part of it.
    let manifest = folder.join("Cargo.toml");
    fs::write(&manifest, fs::read_to_string(&manifest).unwrap() + "\n[workspace]\n").unwrap();
    let said = cargo(&folder, &["run", "--example", "recover", "--offline", "--quiet"]);
    assert!(!said.is_empty());
    cargo(&folder, &["test", "--doc", "--offline", "--quiet", "--features", "alloc,legacy,std"]);
}

/// The files of a folder, without those of packages of their own (`examples/kernels`), which cargo leaves out.
fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    if folder.join("Cargo.toml").exists() {
        return;
    }
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { walk(&path, files) } else { files.push(path) }
    }
}
