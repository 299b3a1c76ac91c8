// SPDX-License-Identifier: MIT OR Apache-2.0
//! The lines for `Cargo.toml` and `build.rs` in a fresh package.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

#[test]
fn the_lines_for_the_manifest_and_the_build_script_make_a_package() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder: PathBuf = [env!("CARGO_TARGET_TMPDIR"), "readme"].iter().collect();
    fs::create_dir_all(&folder).unwrap();
    let sample = |name: &str| fs::read_to_string(root.join("tests/readme/samples").join(name)).unwrap();

    // The version that is here: cargo checks that it is the one asked for.
    let lines = sample("dependencies.toml");
    let here = lines.replace("axptr = \"", &format!("axptr.path = {root:?}\naxptr.version = \""));
    assert_ne!(here, lines);
    let manifest = format!(
        "[package]\nname = \"kernel\"\nversion = \"0.0.0\"\nedition = \"2024\"\n{here}\
         [[bin]]\nname = \"kernel\"\npath = \"main.rs\"\n\
         [workspace]\n[profile.dev]\ndebug = false\n"
    );
    fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    fs::write(folder.join("build.rs"), sample("build_script.rs")).unwrap();
    let program = "
        #[derive(Clone, Copy, bytemuck::AnyBitPattern, bytemuck::NoUninit)]
        #[repr(C)]
        struct Name([u8; 65]);

        fn main() {
            let name = axptr::UserPtr::<Name>::from(8);
            let _ = (name.read(), name.write(Name([0; 65])), name.nofault().read());
        }";
    fs::write(folder.join("main.rs"), program).unwrap();
    // The versions that are there already: a test needs no network.
    if root.join("Cargo.lock").exists() {
        fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
    }
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or("cargo".into()));
    for variable in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_TARGET", "RUSTC_WRAPPER"] {
        cargo.env_remove(variable);
    }
    cargo.current_dir(&folder).args(["check", "--offline", "--quiet"]);
    let output = cargo
        .env("CARGO_TARGET_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).join("consumer/target"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
