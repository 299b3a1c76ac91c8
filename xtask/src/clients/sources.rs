// SPDX-License-Identifier: MIT OR Apache-2.0
//! The published sources: cargo gets them, and edited copies of them are built.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};

use crate::{
    clients::edit::{self, Edit},
    env::command::clean,
};

/// A package of the registry.
#[derive(Clone, Copy, Debug)]
pub struct Package {
    pub name: &'static str,
    pub version: &'static str,
}

impl Package {
    /// The name of its folder.
    pub fn folder(self) -> String {
        format!("{}-{}", self.name, self.version)
    }

    /// A copy of it in `parent`, with these edits. What has not changed since the last time is not written, so that
    /// cargo does not build it again.
    pub fn edited(self, parent: &Path, edits: &[Edit], manifest: &str) -> Result<PathBuf> {
        let published = self.published()?;
        let fresh = parent.join(format!("new-{}", self.folder()));
        if fresh.exists() {
            fs::remove_dir_all(&fresh)?;
        }
        copy(&published, &fresh, &|bytes, path| fs::write(path, bytes))?;
        edit::apply(&fresh, edits).with_context(|| format!("editing {}", self.folder()))?;
        let path = fresh.join("Cargo.toml");
        let text = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
        fs::write(&path, text + manifest)?;
        let kept = parent.join(self.folder());
        copy(&fresh, &kept, &|bytes, path| match fs::read(&path) {
            Ok(there) if there == bytes => Ok(()),
            _ => fs::write(path, bytes),
        })?;
        fs::remove_dir_all(&fresh)?;
        Ok(kept)
    }

    /// Where cargo has unpacked it.
    fn published(self) -> Result<PathBuf> {
        if let Some(found) = self.unpacked()? {
            return Ok(found);
        }
        println!("downloading {}", self.folder());
        // Cargo has to have its manifest, so it gets the package.
        let package = format!("{}@{}", self.name, self.version);
        let output = clean("cargo").args(["info", "--quiet", &package]).output().context("running cargo")?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "cargo cannot get {package}:\n{said}");
        self.unpacked()?.with_context(|| format!("cargo has not unpacked {package}"))
    }

    fn unpacked(self) -> Result<Option<PathBuf>> {
        let home = env::var_os("CARGO_HOME").map(PathBuf::from);
        let home = home.or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".cargo")));
        let sources = home.context("no CARGO_HOME and no HOME")?.join("registry/src");
        let registries = fs::read_dir(sources).into_iter().flatten().flatten();
        let mut folders = registries.map(|registry| registry.path().join(self.folder()));
        // The mark that all of it is there.
        Ok(folders.find(|folder| folder.join(".cargo-ok").is_file()))
    }
}

/// Has `write` put each file of a folder into another one; names with a dot in front are not sources.
fn copy(from: &Path, to: &Path, write: &dyn Fn(Vec<u8>, PathBuf) -> std::io::Result<()>) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("making {}", to.display()))?;
    for entry in fs::read_dir(from).with_context(|| format!("reading {}", from.display()))? {
        let entry = entry?;
        let (name, target) = (entry.file_name(), to.join(entry.file_name()));
        if name.to_string_lossy().starts_with('.') {
            continue;
        }
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target, write)?;
        } else {
            write(fs::read(entry.path())?, target.clone())
                .with_context(|| format!("writing {}", target.display()))?;
        }
    }
    Ok(())
}
