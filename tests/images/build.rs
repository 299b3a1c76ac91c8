// SPDX-License-Identifier: MIT OR Apache-2.0
//! Builds packages of one file that depend on axptr, as shared objects, archives or programs.

use std::{
    env, fs,
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::Command,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// A package with one of this folder's files.
#[derive(Clone, Copy)]
pub(crate) struct Crate {
    pub(crate) name: &'static str,
    /// The crate type.
    pub(crate) kind: &'static str,
    /// Lines of its dependencies, instead of axptr from here.
    pub(crate) dependencies: &'static str,
    /// Arguments for its rustc.
    pub(crate) args: &'static [&'static str],
    /// Whether it is linked with Rust libraries that are loaded, which takes the same arguments.
    pub(crate) is_dynamic: bool,
    pub(crate) is_optimised: bool,
    /// Whether cargo chooses the versions of others' packages, and gets them.
    pub(crate) is_fresh: bool,
}

impl Crate {
    pub(crate) const PROGRAM: Self = Self {
        name: "",
        kind: "bin",
        dependencies: "",
        args: &[],
        is_dynamic: false,
        is_optimised: false,
        is_fresh: false,
    };
}

/// What cargo made of a package.
pub(crate) struct Built {
    folder: PathBuf,
    said: Result<(), String>,
}

/// A test's turn: tests share what they build, and give it the same names.
pub(crate) fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Builds a package in a folder of its own, and its dependencies once for all.
pub(crate) fn crate_of(package: Crate) -> Built {
    let Crate { name, kind, dependencies, args, is_dynamic, is_optimised, is_fresh } = package;
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
        if !is_fresh && root.join("Cargo.lock").exists() {
            fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
        }
    }
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or("cargo".into()));
    for variable in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_TARGET", "RUSTC_WRAPPER"] {
        cargo.env_remove(variable);
    }
    cargo.current_dir(&folder).args(["rustc", "--quiet"]);
    cargo.args((!is_fresh).then_some("--offline"));
    cargo.args(is_optimised.then_some("--release"));
    let target = if is_dynamic {
        cargo.env("RUSTFLAGS", ["-Cprefer-dynamic", &args.join(" ")].join(" "));
        // A library has the same name however it is built.
        let own: String = args.concat().chars().filter(|letter| letter.is_alphanumeric()).collect();
        base.join(format!("target-{own}"))
    } else {
        cargo.arg("--").args(args);
        base.join("target")
    };
    let output = run(cargo.env("CARGO_TARGET_DIR", &target));
    let said = if output.succeeds { Ok(()) } else { Err(output.text) };
    Built { folder: target.join(if is_optimised { "release" } else { "debug" }), said }
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

/// Links C sources of this folder and an archive of Rust, if one of them needs it.
pub(crate) fn c_compiler(archive: &Path, args: &[&str], linker: &str, sources: &[&str], to: &str) -> PathBuf {
    let folder = archive.with_file_name("c");
    fs::create_dir_all(&folder).unwrap();
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/images");
    // The toolchain's lld under the name that a C compiler looks for.
    let lld = run(Command::new("rustc").args(["--print", "target-libdir"]));
    let lld = Path::new(lld.text.trim()).with_file_name("bin").join("gcc-ld");
    let out = folder.join(to);
    let mut cc = Command::new("cc");
    cc.arg(format!("-B{}", lld.display())).args(["-O2", "-Wall", "-Werror", "-fPIC", linker]).args(args);
    cc.args(sources.iter().map(|source| here.join(source))).arg(archive).arg("-o").arg(&out);
    // What Rust's own library needs.
    let output = run(cc.args(["-ldl", "-lpthread", "-lm"]));
    assert!(output.succeeds, "{cc:?}: {}", output.text);
    out
}
