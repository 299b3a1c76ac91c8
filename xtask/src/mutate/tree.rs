// SPDX-License-Identifier: MIT OR Apache-2.0
//! A copy of the tree, to be changed: the tree itself never is.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, anyhow, ensure};
use fs4::{FileExt, TryLockError};

use super::change::Change;

/// What is built stays in it, so that each mutation needs a part of a build only.
const BUILT: &str = "target";

/// A copy of a tree. Nobody else has it meanwhile: judges would look at each other's mutations.
#[derive(Debug)]
pub struct Tree {
    root: PathBuf,
    _lock: File,
}

impl Tree {
    /// Copies what git knows of `from`, changed or not, and what it does not ignore. What is the same stays as old as it is.
    pub fn copy(from: &Path, to: PathBuf) -> Result<Self> {
        let lock = alone(&to)?;
        let args = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
        let output = Command::new("git").args(args).current_dir(from).output().context("running git")?;
        ensure!(output.status.success(), "git ls-files says {}", output.status);
        let names = String::from_utf8(output.stdout).context("a name is no UTF-8")?;
        let names: Vec<_> =
            names.split('\0').filter(|name| !name.is_empty() && from.join(name).is_file()).collect();
        fs::create_dir_all(&to)?;
        remove_others(&to, &to, &names)?;
        for name in names {
            let (source, copy) = (from.join(name), to.join(name));
            let bytes = fs::read(&source).with_context(|| format!("reading {name}"))?;
            if fs::read(&copy).ok().as_ref() != Some(&bytes) {
                fs::create_dir_all(copy.parent().context("it is in a folder")?)?;
                fs::copy(&source, &copy).with_context(|| format!("copying {name}"))?;
            }
        }
        Ok(Self { root: to, _lock: lock })
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Does something while the change is there.
    pub fn with<T>(&self, change: &Change, act: impl FnOnce() -> Result<T>) -> Result<T> {
        let file = self.root.join(&change.file);
        let text = fs::read_to_string(&file).with_context(|| format!("reading {}", file.display()))?;
        fs::write(&file, change.applied(&text)?)?;
        let result = act();
        fs::write(&file, text).with_context(|| format!("restoring {}", file.display()))?;
        result
    }
}

/// A lock that holds until it is dropped, or this process ends.
fn alone(tree: &Path) -> Result<File> {
    let path = tree.with_extension("lock");
    fs::create_dir_all(path.parent().context("it is in a folder")?)?;
    let lock = File::create(&path).with_context(|| format!("making {}", path.display()))?;
    // Not the method: the one of this name in std is newer than the Rust that this builds with.
    match FileExt::try_lock(&lock) {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(anyhow!("another run is at work in {}", tree.display())),
        Err(TryLockError::Error(error)) => Err(error).with_context(|| format!("locking {}", path.display())),
    }
}

/// Removes what the tree has no longer.
fn remove_others(root: &Path, folder: &Path, names: &[&str]) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.strip_prefix(root)?;
        if path.is_dir() {
            if !path.ends_with(BUILT) {
                remove_others(root, &path, names)?;
            }
        } else if !names.iter().any(|it| Path::new(it) == name) {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::{env, fs, process, process::Command};

    use super::Tree;
    use crate::mutate::change::{Change, Edit, Kind};

    #[test]
    fn a_change_is_in_the_copy_alone_and_goes() {
        let folder = env::temp_dir().join(format!("axptr-tree-{}", process::id()));
        let (from, to) = (folder.join("from"), folder.join("to"));
        fs::create_dir_all(from.join("asm")).expect("it can be made");
        fs::write(from.join("asm/a.S"), "ret\n").expect("it can be written");
        let git = Command::new("git").args(["init", "-q"]).current_dir(&from).status().expect("there is git");
        assert!(git.success());
        fs::create_dir_all(to.join("target")).expect("it can be made");
        for kept in ["target/built", "gone"] {
            fs::write(to.join(kept), "").expect("it can be written");
        }
        let tree = Tree::copy(&from, to.clone()).expect("it can be copied");
        assert!(to.join("target/built").exists() && !to.join("gone").exists());
        let second = Tree::copy(&from, to.clone()).expect_err("somebody has it");
        assert!(second.to_string().contains("another run"), "{second}");
        let edit = Edit::new(Kind::Deleted, 0..3, "");
        let change = Change::new("asm/a.S", 1, "ret", &edit).expect("it changes");
        let read = |root: &std::path::Path| fs::read_to_string(root.join("asm/a.S")).expect("it is there");
        let during = tree.with(&change, || Ok((read(tree.root()), read(&from)))).expect("nothing fails");
        assert_eq!(during, ("\n".to_owned(), "ret\n".to_owned()));
        assert_eq!(read(tree.root()), "ret\n");
        drop(tree);
        Tree::copy(&from, to).expect("nobody has it");
        fs::remove_dir_all(folder).expect("it was there");
    }
}
