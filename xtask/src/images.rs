// SPDX-License-Identifier: MIT OR Apache-2.0
//! The shared objects and archives of `tests/images`, of another machine: linked by C, and run by an emulator.
//!
//! On this machine `tests/images.rs` does it, in more ways. There it is a test; here it cannot be one, because what an emulator
//! runs has no compiler.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, ensure};

use crate::{
    env::{command, cross::Cross},
    machine::{Linker, Machine},
    root::root,
    run::report::Tally,
};

/// The linkers, as a C compiler takes them. The toolchain has lld.
const LINKERS: [(&str, &str); 2] = [("GNU ld", "-fuse-ld=bfd"), ("lld", "-fuse-ld=lld")];

/// The profile of what runs emulated, as in the manifest of the root: so the standard library is not built again.
const PROFILE: &str = "[profile.emulated]\ninherits = \"dev\"\nopt-level = 1\ndebug = \"line-tables-only\"\n";

/// Links and runs them in each way, where the distribution has a C compiler for the machine.
pub fn run(machine: &'static Machine, cross: &Cross, tally: &mut Tally) -> Result<()> {
    let Linker::Gcc { program: compiler, .. } = machine.hosted.linker else { return Ok(()) };
    let built = plugin(machine, cross)?;
    for (name, linker) in LINKERS {
        let outcome =
            Programs::link(machine, compiler, linker, &built).and_then(|programs| programs.run_all());
        let title = format!("{} emulated: shared objects and archives of C, by {name}", machine.name);
        tally.check(&title, outcome.map_err(|error| format!("{error:#}")));
    }
    Ok(())
}

/// Builds `plugin.rs` as an archive and as a shared object, and says where they are.
fn plugin(machine: &Machine, cross: &Cross) -> Result<PathBuf> {
    let target = root().join("target/hosted");
    let folder = target.join(format!("images-{}", machine.name));
    fs::create_dir_all(&folder)?;
    let source = root().join("tests/images/plugin.rs");
    let manifest = format!(
        "[package]\nname = \"plugin\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\
         [lib]\nname = \"plugin\"\npath = {source:?}\ncrate-type = [\"cdylib\", \"staticlib\"]\n\
         [dependencies]\nlibc = \"0.2\"\naxptr = {{ path = {:?} }}\n[workspace]\n{PROFILE}",
        root(),
    );
    fs::write(folder.join("Cargo.toml"), manifest)?;
    // The versions that are there already.
    fs::copy(root().join("Cargo.lock"), folder.join("Cargo.lock"))?;
    let mut cargo = cross.cargo("build");
    cargo
        .current_dir(&folder)
        .args(["--quiet", "--offline", "--profile", "emulated"])
        .env("CARGO_TARGET_DIR", &target);
    let status = cargo.stdin(Stdio::null()).status().context("running cargo")?;
    ensure!(status.success(), "{} does not build for {}", source.display(), machine.hosted.target);
    Ok(target.join(machine.hosted.target).join("emulated"))
}

/// What C has linked.
struct Programs {
    machine: &'static Machine,
    /// Without a copy of the crate; with one, of the archive; and with the shared object of Rust.
    plain: PathBuf,
    own: PathBuf,
    linked: PathBuf,
    /// Shared objects with a copy each, of the archive.
    one: PathBuf,
    other: PathBuf,
}

impl Programs {
    fn link(machine: &'static Machine, compiler: &str, linker: &str, built: &Path) -> Result<Self> {
        let folder = built.join(format!("c{linker}"));
        fs::create_dir_all(&folder)?;
        // lld under the name that a C compiler looks for, for any machine.
        let libraries = command::print(Path::new("rustc"), &["--print", "target-libdir"]);
        let lld = Path::new(&libraries.context("rustc says nothing")?).with_file_name("bin").join("gcc-ld");
        let archive = built.join("libplugin.a");
        let link = |args: &[&str], sources: &[&str], rust: &[&Path], to: &str| -> Result<PathBuf> {
            let out = folder.join(to);
            let mut cc = Command::new(compiler);
            cc.arg(format!("-B{}", lld.display()))
                .args(["-O2", "-Wall", "-Werror", "-fPIC", "-DCLOSES", linker])
                .args(args);
            cc.args(sources.iter().map(|source| root().join("tests/images").join(source)));
            // What Rust's own library needs stands behind it.
            cc.args(rust).args(["-ldl", "-lpthread", "-lm", "-o"]).arg(&out);
            let output = cc.output().with_context(|| format!("{cc:?}"))?;
            ensure!(output.status.success(), "{cc:?}: {}", String::from_utf8_lossy(&output.stderr));
            Ok(out)
        };
        let (alone, both, library) = (["program.c"], ["program.c", "library.c"], ["library.c"]);
        let beside = ["-pie", "-DOWN", "-Wl,-rpath,$ORIGIN/.."];
        Ok(Self {
            machine,
            plain: link(&["-pie"], &alone, &[], "plain")?,
            own: link(&["-no-pie", "-DOWN"], &both, &[&archive], "own")?,
            linked: link(&beside, &both, &[&built.join("libplugin.so")], "linked")?,
            one: link(&["-shared"], &library, &[&archive], "libone.so")?,
            other: link(&["-shared", "-Wl,-Bsymbolic"], &library, &[&archive], "libother.so")?,
        })
    }

    fn run_all(&self) -> Result<()> {
        let Self { plain, own, linked, one, other, .. } = self;
        self.run(own, &[])?;
        self.run(plain, &[one, other])?;
        // One that looks for its symbols in itself first: else those of the program's stand for them.
        self.run(linked, &[other])
    }

    /// A program that loads these, has each check itself, closes them, and has them check themselves again.
    fn run(&self, program: &Path, libraries: &[&PathBuf]) -> Result<()> {
        let [emulator, args @ ..] = self.machine.hosted.qemu else { unreachable!("it has a name") };
        let mut emulated = Command::new(emulator);
        let output = emulated.args(args).arg(program).args(libraries).output()?;
        let said = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes)).concat();
        ensure!(
            output.status.success() && said.contains("the end"),
            "{emulated:?}: {}, {said}",
            output.status
        );
        Ok(())
    }
}
