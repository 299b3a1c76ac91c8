// SPDX-License-Identifier: MIT OR Apache-2.0
//! The pictures in `docs`: one of each stored run, and the front page's.

use std::{ffi::OsStr, fs};

use anyhow::{Context, Result, ensure};

use super::{front, plot, rows::Run};
use crate::root::root;

/// Draws each run in `benches/results` into `docs`.
pub fn draw_all() -> Result<()> {
    let (results, docs) = (root().join("benches/results"), root().join("docs"));
    fs::create_dir_all(&docs)?;
    let mut drawn = 0;
    for file in fs::read_dir(&results).with_context(|| format!("reading {}", results.display()))? {
        let path = file?.path();
        if path.extension() != Some(OsStr::new("csv")) {
            continue;
        }
        let run = Run::parse(&fs::read_to_string(&path)?).with_context(|| path.display().to_string())?;
        let name = path.file_stem().context("a file has a name")?;
        let picture = docs.join(name).with_extension("svg");
        plot::draw(&run, &picture)?;
        println!("{}", picture.display());
        if name == front::RUN {
            front::draw(&run, &docs)?;
        }
        drawn += 1;
    }
    ensure!(drawn > 0, "nothing is stored: `cargo xtask bench --store` does");
    Ok(())
}
