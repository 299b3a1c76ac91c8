// SPDX-License-Identifier: MIT OR Apache-2.0
//! Builds packages of one file that depend on axptr, as shared objects, archives or programs.

use std::{
    env, fs,
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::Command,
    sync::{Mutex, PoisonError},
};

/// A package with one of this folder's files.
#[derive(Clone, Copy)]
pub(crate) struct Crate {
    pub(crate) name: &'static str,
    /// The crate type.
    pub(crate) kind: &'static str,
    /// Lines of its dependencies, instead of axptr from here.
    pub(crate) dependencies: &'static str,
    /// Arguments for its rustc alone.
    pub(crate) args: &'static [&'static str],
    /// And for each.
    pub(crate) flags: &'static str,
}

impl Crate {
    pub(crate) const PROGRAM: Self = Self { name: "", kind: "bin", dependencies: "", args: &[], flags: "" };
}

/// What cargo made of a package.
pub(crate) struct Built {
    folder: PathBuf,
    said: Result<(), String>,
}

/// One at a time: they share their dependencies.
static LOCK: Mutex<()> = Mutex::new(());

/// Builds a package in a folder of its own, and its dependencies once for all.
pub(crate) fn crate_of(package: Crate) -> Built {
    let _guard = LOCK.lock().unwrap_or_else(PoisonError::into_inner);
    let Crate { name, kind, dependencies, args, flags } = package;
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let base: PathBuf = [env!("CARGO_TARGET_TMPDIR"), "images"].iter().collect();
    let folder = base.join(format!("{name}-{kind}"));
    fs::create_dir_all(&folder).unwrap();
    let source = root.join("tests/images").join(name).with_extension("rs");
    let section = if kind == "bin" { "[[bin]]" } else { "[lib]" };
    let kind_line = if kind == "bin" { String::new() } else { format!("crate-type = [{kind:?}]\n") };
    let dependencies = match dependencies {
        "" => format!("axptr = {{ path = {root:?} }}\n"),
        lines => lines.replace("BASE", base.to_str().unwrap()).replace("ROOT", root.to_str().unwrap()),
    };
    let manifest = format!(
        "[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\
         {section}\nname = \"{name}\"\npath = {source:?}\n{kind_line}\
         [dependencies]\nlibc = \"0.2\"\n{dependencies}[workspace]\n[profile.dev]\ndebug = false\n"
    );
    let path = folder.join("Cargo.toml");
    if fs::read_to_string(&path).ok().as_ref() != Some(&manifest) {
        fs::write(&path, manifest).unwrap();
        // The versions that are there already: a test needs no network.
        if root.join("Cargo.lock").exists() {
            fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
        }
    }
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or("cargo".into()));
    for variable in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_TARGET", "RUSTC_WRAPPER"] {
        cargo.env_remove(variable);
    }
    if !flags.is_empty() {
        cargo.env("RUSTFLAGS", flags);
    }
    let target = base.join(if flags.is_empty() { "target" } else { "target-flags" });
    cargo.current_dir(&folder).args(["rustc", "--quiet", "--offline", "--"]).args(args);
    let output = run(cargo.env("CARGO_TARGET_DIR", &target));
    let said = if output.succeeds { Ok(()) } else { Err(output.text) };
    Built { folder: target.join("debug"), said }
}

impl Built {
    /// A file that the build has made.
    #[track_caller]
    pub(crate) fn artifact(&self, name: &str) -> PathBuf {
        if let Err(text) = &self.said {
            panic!("it does not build: {text}");
        }
        self.folder.join(name)
    }
}

/// How a program ended, and what it said.
pub(crate) struct Output {
    succeeds: bool,
    pub(crate) text: String,
}

pub(crate) fn run(command: &mut Command) -> Output {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let text = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes)).concat();
    let signal = output.status.signal().map_or(String::new(), |signal| format!("(signal {signal})"));
    Output { succeeds: output.status.success(), text: text + &signal }
}

impl Output {
    /// It said so, and came to its end.
    #[track_caller]
    pub(crate) fn expect(&self, said: &str, case: &str) {
        assert!(self.succeeds && self.text.contains(said), "{case}: {}", self.text);
    }
}

impl Output {
    /// It said so, and a bad pointer ended it.
    #[track_caller]
    pub(crate) fn expect_death(&self, said: &str) {
        assert!(self.text.contains(said) && self.text.ends_with("(signal 11)"), "{}", self.text);
    }
}

/// Where the loader finds what a program of these packages is linked with: beside it, and in the toolchain.
pub(crate) fn library_path(program: &Path) -> String {
    let output = run(Command::new("rustc").args(["--print", "target-libdir"]));
    let folder = program.parent().unwrap();
    format!("{}:{}:{}", folder.display(), folder.join("deps").display(), output.text.trim())
}
