// SPDX-License-Identifier: MIT OR Apache-2.0
//! The project's own files.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// A source with its path below the folder that was asked for.
pub(crate) type Source = (String, String);

/// The Rust files below `folder` of the project.
pub(crate) fn sources(folder: &str) -> Vec<Source> {
    let folder = root().join(folder);
    let mut files = Vec::new();
    walk(&folder, &mut files);
    files.sort();
    let rust = files.iter().filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    rust.map(|path| (path.strip_prefix(&folder).unwrap().to_string_lossy().into_owned(), read(path)))
        .collect()
}

pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

pub(crate) fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All files below `folder` but what is hidden or built.
pub(crate) fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.starts_with('.') || name == "target" {
            continue;
        }
        if path.is_dir() {
            walk(&path, files);
        } else {
            files.push(path);
        }
    }
}
