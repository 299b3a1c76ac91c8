// SPDX-License-Identifier: MIT OR Apache-2.0
//! Which cargo and rustc build for bare metal, and for Linux on another machine.
//!
//! 1. The default toolchain, if it has the target's library.
//! 2. Else the distribution's, which has the sources of the library as a package; for bare
//!    metal a linker comes from the default toolchain or from another package.
//!
//! Where neither is there and apt has nothing, rustup is asked for the target.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail};

use super::{
    apt, cache,
    command::{clean, print},
};

/// The oldest minor version that compiles the test kernel's dependencies.
const OLDEST_RUST: u32 = 88;
/// The oldest lld that links for all machines; 14 fails on loongarch64.
const OLDEST_LLD: u32 = 17;

/// A cargo and a rustc that can build for one target.
#[derive(Debug)]
pub struct Toolchain {
    cargo: PathBuf,
    rustc: PathBuf,
    target: &'static str,
    library: Library,
    /// The linker, where the target's own default will not do.
    linker: Option<PathBuf>,
}

/// Where the target's library comes from.
#[derive(Clone, Copy, Debug)]
enum Library {
    /// It came with the toolchain.
    Installed,
    /// It is built with the program, by these arguments.
    Built(&'static [&'static str]),
}

const BUILD_CORE: Library =
    Library::Built(&["-Zbuild-std=core,alloc", "-Zbuild-std-features=compiler-builtins-mem"]);
// Backtraces are left out: a quarter of the work, and what is built so are tests.
const BUILD_STD: Library = Library::Built(&["-Zbuild-std", "-Zbuild-std-features=panic-unwind"]);

impl Toolchain {
    /// The toolchain for the bare-metal `target`, if all of it is there.
    pub fn find(target: &'static str) -> Option<Self> {
        with_target(target, "libcore-").or_else(|| {
            let linker = Some(linker()?);
            Some(Self { linker, ..from_sources(target, BUILD_CORE)? })
        })
    }

    /// The toolchain for `target`, which has an operating system, if it is there. The linker is not part of it.
    pub fn find_hosted(target: &'static str) -> Option<Self> {
        with_target(target, "libstd-").or_else(|| from_sources(target, BUILD_STD))
    }

    /// The same with another linker.
    pub fn with_linker(self, linker: PathBuf) -> Self {
        Self { linker: Some(linker), ..self }
    }

    /// `cargo SUBCOMMAND` for the target, free of what an outer cargo has set.
    ///
    /// The published crates use unstable features, and so does building a library, which a stable compiler has
    /// to be told to accept.
    pub fn cargo(&self, subcommand: &str) -> Command {
        let mut command = clean(&self.cargo);
        command
            .arg(subcommand)
            .args(["--target", self.target])
            .env("RUSTC", &self.rustc)
            .env("RUSTC_BOOTSTRAP", "1");
        if let Library::Built(args) = self.library {
            command.args(args);
        }
        if let Some(linker) = &self.linker {
            command.env(self.variable("LINKER"), linker);
        }
        cache::share_builds(&mut command, "kernel");
        command
    }

    /// The name of cargo's variable for one of the target's settings.
    pub fn variable(&self, setting: &str) -> String {
        format!("CARGO_TARGET_{}_{setting}", self.target.to_uppercase().replace('-', "_"))
    }

    /// One line for the log.
    pub fn describe(&self) -> String {
        let library = match self.library {
            Library::Installed => "its own library",
            Library::Built(_) => "the library from source",
        };
        let linker = self.linker.as_ref().map_or(String::new(), |linker| format!(", {}", linker.display()));
        format!("{} with {library}{linker}", self.rustc.display())
    }
}

/// Lets rustup change the default toolchain; it may be absent, or have no network.
pub fn rustup(args: &[&str]) -> bool {
    clean("rustup")
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Whether the default toolchain has this cargo command.
pub fn has_component(name: &str) -> bool {
    print(Path::new("cargo"), &[name, "--version"]).is_some()
}

/// The packages that complete a toolchain that builds `core` itself.
pub fn packages() -> Result<Vec<String>> {
    let mut packages = packages_for_sources()?;
    if linker().is_none() {
        let newest = apt::numbered("lld-").into_iter().max_by_key(|(_, number)| *number);
        match newest {
            Some((name, number)) if number >= OLDEST_LLD => packages.push(name),
            _ => bail!("no rust-lld, and no lld {OLDEST_LLD} or newer to install; install one"),
        }
    }
    Ok(packages)
}

/// The packages of a compiler with the sources of its library.
pub fn packages_for_sources() -> Result<Vec<String>> {
    if distribution().is_some() {
        return Ok(Vec::new());
    }
    let found = Distribution::candidates()
        .into_iter()
        .filter_map(|it| Some((apt::minor(&apt::candidate(&it.source_package)?)?, it)))
        .filter(|(minor, _)| *minor >= OLDEST_RUST)
        .max_by_key(|(minor, _)| *minor);
    let Some((_, newest)) = found else {
        bail!(
            "no Rust for other targets: neither has the default toolchain the target, nor has \
             this distribution a rustc 1.{OLDEST_RUST} or newer with its sources; \
             install a Rust with rustup and run `rustup target add` for the target"
        );
    };
    Ok(vec![newest.rustc_package, newest.cargo_package, newest.source_package])
}

/// Step 1: the default toolchain with the target's own library, of which this file is a part.
fn with_target(target: &'static str, part: &str) -> Option<Toolchain> {
    let rustc = PathBuf::from("rustc");
    if version(&rustc)? < OLDEST_RUST {
        return None;
    }
    let folder = print(&rustc, &["--print", "target-libdir", "--target", target])?;
    let mut files = fs::read_dir(folder).ok()?.flatten();
    files.find(|file| file.file_name().to_string_lossy().starts_with(part))?;
    Some(Toolchain { cargo: "cargo".into(), rustc, target, library: Library::Installed, linker: None })
}

/// Step 2: the distribution's toolchain with the sources of the library.
fn from_sources(target: &'static str, library: Library) -> Option<Toolchain> {
    let found = distribution()?;
    Some(Toolchain { cargo: found.cargo, rustc: found.rustc, target, library, linker: None })
}

/// One of the distribution's Rust toolchains: package names and programs.
#[derive(Debug)]
struct Distribution {
    rustc_package: String,
    cargo_package: String,
    source_package: String,
    rustc: PathBuf,
    cargo: PathBuf,
}

impl Distribution {
    /// All that Debian (`-web`: the newest, for browsers) and Ubuntu (`-1.N`) may have.
    fn candidates() -> Vec<Self> {
        let plain = Self::new("rustc", "cargo", "rust-src", "");
        let web = Self::new("rustc-web", "cargo-web", "rust-web-src", "");
        let numbered = apt::numbered("rustc-1.").into_iter().map(|(rustc, number)| {
            let suffix = format!("-1.{number}");
            let (cargo, source) = (format!("cargo{suffix}"), format!("rust{suffix}-src"));
            Self::new(&rustc, &cargo, &source, &suffix)
        });
        [plain, web].into_iter().chain(numbered).collect()
    }

    /// The programs are named in full: rustup's come first on the path.
    fn new(rustc: &str, cargo: &str, source: &str, suffix: &str) -> Self {
        Self {
            rustc_package: rustc.to_owned(),
            cargo_package: cargo.to_owned(),
            source_package: source.to_owned(),
            rustc: format!("/usr/bin/rustc{suffix}").into(),
            cargo: format!("/usr/bin/cargo{suffix}").into(),
        }
    }

    /// Its minor version, if it is all there and new enough.
    fn usable(&self) -> Option<u32> {
        let sysroot = print(&self.rustc, &["--print", "sysroot"])?;
        let sources = Path::new(&sysroot).join("lib/rustlib/src/rust/library/Cargo.lock");
        let minor = version(&self.rustc)?.min(version(&self.cargo)?);
        (sources.is_file() && minor >= OLDEST_RUST).then_some(minor)
    }
}

/// The newest of the distribution's toolchains that is installed in full.
fn distribution() -> Option<Distribution> {
    Distribution::candidates()
        .into_iter()
        .filter_map(|it| Some((it.usable()?, it)))
        .max_by_key(|(minor, _)| *minor)
        .map(|(_, it)| it)
}

/// The default toolchain's own lld, else the newest one on the path.
fn linker() -> Option<PathBuf> {
    let own = default_toolchain_lld().filter(|path| path.is_file());
    own.or_else(|| {
        (OLDEST_LLD..100)
            .rev()
            .map(|number| Path::new("/usr/bin").join(format!("ld.lld-{number}")))
            .find(|path| path.is_file())
    })
}

fn default_toolchain_lld() -> Option<PathBuf> {
    let rustc = Path::new("rustc");
    let verbose = print(rustc, &["-vV"])?;
    let host = verbose.lines().find_map(|line| line.strip_prefix("host: "))?;
    let sysroot = print(rustc, &["--print", "sysroot"])?;
    Some(Path::new(&sysroot).join("lib/rustlib").join(host).join("bin/rust-lld"))
}

/// The minor version of a rustc or a cargo.
fn version(program: &Path) -> Option<u32> {
    let line = print(program, &["--version"])?;
    apt::minor(line.split_whitespace().nth(1)?)
}

/// The toolchain for `target`.
///
/// # Errors
///
/// Fails if there is none; setup runs first, so it says what setup could not do.
pub fn require(target: &'static str) -> Result<Toolchain> {
    Toolchain::find(target).with_context(|| format!("no toolchain for {target}; run `cargo xtask setup`"))
}
