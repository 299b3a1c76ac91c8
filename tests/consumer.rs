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

/// A package with one of `tests/consumer`'s files for its program.
#[derive(Clone, Copy)]
struct Package {
    program: &'static str,
    default_features: bool,
    features: &'static [&'static str],
    /// Whether cargo chooses the versions, as it does for a newcomer; else they are this project's.
    is_fresh: bool,
    flags: &'static str,
    /// Further lines of its dependencies.
    others: &'static str,
}

impl Package {
    const fn new(program: &'static str, features: &'static [&'static str]) -> Self {
        Self { program, default_features: true, features, is_fresh: false, flags: "", others: "" }
    }

    /// Runs cargo on it.
    fn cargo(self, subcommand: &str) -> Built {
        let Self { program, default_features, features, is_fresh, flags, others } = self;
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let own = format!("{program}-{default_features}-{}{is_fresh}{}", features.concat(), flags.len());
        let folder: PathBuf = [env!("CARGO_TARGET_TMPDIR"), "consumer", &own].iter().collect();
        fs::create_dir_all(&folder).unwrap();
        fs::copy(root.join("tests/consumer").join(program).with_extension("rs"), folder.join("main.rs"))
            .unwrap();
        let lock = folder.join("Cargo.lock");
        let _ = fs::remove_file(&lock);
        // The versions that are there already: a test needs no network.
        if !is_fresh && root.join("Cargo.lock").exists() {
            fs::copy(root.join("Cargo.lock"), lock).unwrap();
        }
        // The name tells the packages apart: cargo takes two of one name, each at its workspace's root, for one.
        let manifest = format!(
            "[package]\nname = \"{own}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\
             [[bin]]\nname = \"{own}\"\npath = \"main.rs\"\n[dependencies]\n\
             axptr = {{ path = {root:?}, default-features = {default_features}, features = {features:?} }}\n\
             bytemuck = {{ version = \"1.25\", features = [\"derive\", \"min_const_generics\"] }}\n\
             {others}[workspace]\n[profile.dev]\ndebug = false\n"
        );
        fs::write(folder.join("Cargo.toml"), manifest).unwrap();
        let mut cargo = Command::new(env::var_os("CARGO").unwrap_or("cargo".into()));
        for variable in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_TARGET", "RUSTC_WRAPPER"] {
            cargo.env_remove(variable);
        }
        cargo.current_dir(&folder).args([subcommand, "--quiet"]);
        if !is_fresh {
            cargo.arg("--offline");
        }
        if !flags.is_empty() {
            cargo.env("RUSTFLAGS", flags);
        }
        if ["axmm", "ax-mm"].iter().any(|line| features.contains(line)) {
            // Both published lines use unstable features.
            cargo.env("RUSTC_BOOTSTRAP", "1");
        }
        // Other people's packages, as `cargo xtask hosted` keeps them for all checkouts.
        if let Some(shared) = env::var_os("AXPTR_BUILDS") {
            cargo.env("CARGO_BUILD_BUILD_DIR", Path::new(&shared).join("consumer"));
        }
        let output = cargo.env("CARGO_TARGET_DIR", folder.with_file_name("target")).output().unwrap();
        let mut said = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes)).concat();
        said.push_str(&format!("({subcommand} in {}: {})", folder.display(), output.status));
        Built { compiles: output.status.success(), said }
    }
}

fn build(program: &'static str, features: &'static [&'static str], subcommand: &str) -> Built {
    Package::new(program, features).cargo(subcommand)
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

/// Each copy would have a table, a handler and a limit of its own.
#[test]
fn two_copies_of_the_crate_in_one_program_are_refused() {
    let copy: PathBuf = [env!("CARGO_TARGET_TMPDIR"), "consumer", "copy"].iter().collect();
    fs::create_dir_all(copy.join("src")).unwrap();
    let manifest = "[package]\nname = \"axptr\"\nversion = \"0.0.1\"\nedition = \"2024\"\nlinks = \"axptr\"\n\
                    build = \"build.rs\"\n[workspace]\n";
    fs::write(copy.join("Cargo.toml"), manifest).unwrap();
    fs::write(copy.join("build.rs"), "fn main() {}\n").unwrap();
    fs::write(copy.join("src/lib.rs"), "").unwrap();
    let others = format!("again = {{ package = \"axptr\", path = {copy:?} }}\n");
    let package = Package { others: Box::leak(others.into()), ..Package::new("first_hour", &["alloc"]) };
    let refused = package.cargo("check");
    assert!(
        !refused.compiles && refused.said.contains("links to the native library `axptr`"),
        "{}",
        refused.said
    );
}

#[test]
#[ignore = "asks the registry, and builds many packages: `cargo xtask test` runs it"]
fn each_set_of_features_builds_with_the_versions_that_cargo_chooses() {
    let any = Package { is_fresh: true, ..Package::new("any_feature", &[]) };
    for package in [
        Package { default_features: false, ..any },
        any,
        Package { features: &["alloc"], ..any },
        Package { features: &["std"], ..any },
        Package { features: &["vector"], ..any },
        Package { features: &["legacy", "percpu"], ..any },
        Package { default_features: false, features: &["axmm"], ..any },
        Package { default_features: false, features: &["ax-percpu"], ..any },
        Package {
            default_features: false,
            features: &["ax-cpu", "ax-errno", "ax-memory-addr", "ax-mm", "ax-percpu"],
            ..any
        },
        Package {
            features: &["alloc", "axmm", "legacy", "percpu", "std", "untag", "vector", "vector-registers"],
            ..any
        },
        // Two lines in one tree.
        Package { features: &["ax-mm", "ax-percpu", "axmm", "percpu"], ..any },
    ] {
        let built = package.cargo("check");
        assert!(built.compiles, "{:?}: {}", package.features, built.said);
    }
    let least = Package { default_features: false, ..any }.cargo("run");
    assert!(least.compiles, "{}", least.said);
}

#[test]
fn without_default_features_there_are_three_dependencies() {
    let least = Package { default_features: false, ..Package::new("any_feature", &[]) };
    let tree = least.cargo("tree");
    let own =
        tree.said.lines().filter_map(|line| line.strip_prefix('│')?.trim_start().strip_prefix(['├', '└']));
    let names: Vec<_> =
        own.map(|line| line.trim_start_matches(['─', ' ']).split(' ').next().unwrap()).collect();
    assert_eq!(names, ["bytemuck", "cfg-if", "libc"], "{}", tree.said);
}

/// A target of its own has an operating system of any name; here it is the one that the tests run on.
#[test]
fn a_kernel_can_say_that_it_is_one() {
    let kernel = Package { flags: "--cfg axptr_kernel", ..Package::new("kernel_of_its_own", &[]) };
    let built = kernel.cargo("check");
    assert!(built.compiles, "{}", built.said);
    let refused = Package { flags: "--cfg axptr_kernel --cfg of_a_process", ..kernel }.cargo("check");
    assert!(!refused.compiles && refused.said.contains("`hosted`"), "{}", refused.said);
    let refused = Package { flags: "", ..kernel }.cargo("check");
    assert!(!refused.compiles && refused.said.contains("`window`"), "{}", refused.said);
}

/// This machine's compiler moves memory by SSE.
#[test]
fn a_kernel_with_vector_registers_that_nobody_saves_is_refused() {
    let kernel = Package::new("kernel_with_vector_registers", &["vector"]);
    let built = Package { flags: "--cfg axptr_kernel", ..kernel }.cargo("run");
    assert!(built.compiles && built.said.contains("refused: the kernel is compiled with"), "{}", built.said);
}

#[test]
fn the_default_features_are_the_conversions() {
    let others = "axerrno = \"0.2.2\"\nmemory_addr = \"0.4.1\"\n";
    let package = Package { others, ..Package::new("conversions", &[]) };
    let built = package.cargo("run");
    assert!(built.compiles, "{}", built.said);
    let refused = Package { default_features: false, ..package }.cargo("check");
    assert!(!refused.compiles, "{}", refused.said);
    for missing in ["`LinuxError: From<", "`UserConstPtr<u32>: From<"] {
        assert!(refused.said.contains(missing), "{missing}: {}", refused.said);
    }
}

#[test]
fn the_living_lines_features_are_its_conversions() {
    let others =
        "axerrno = \"0.2.2\"\nmemory_addr = \"0.4.1\"\nax-errno = \"0.6.3\"\nax-memory-addr = \"0.7.1\"\n";
    let package =
        Package { others, ..Package::new("living_conversions", &["ax-cpu", "ax-errno", "ax-memory-addr"]) };
    let built = package.cargo("run");
    assert!(built.compiles, "{}", built.said);
    let refused = Package { features: &["ax-cpu"], ..package }.cargo("check");
    assert!(!refused.compiles, "{}", refused.said);
    for missing in ["ax_errno::LinuxError", "`UserConstPtr<u32>: From<"] {
        assert!(refused.said.contains(missing), "{missing}: {}", refused.said);
    }
}
