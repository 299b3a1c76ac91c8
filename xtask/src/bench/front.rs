// SPDX-License-Identifier: MIT OR Apache-2.0
//! The picture on the front page: one panel, small enough to travel inside the documentation.
//!
//! A repository's viewer shows `docs/speed.svg` by the reference at the README's end. A page of rustdoc cannot: there the
//! file is not beside the page. So the crate's documentation begins with another definition of the same reference, which
//! wins because it comes first, and holds the picture itself: `docs/speed.link.md`.

use std::{fs, path::Path};

use anyhow::{Context, Result, anyhow};
use plotters::prelude::*;

use super::{plot, rows::Run};

/// The run that is shown, by its file's name.
pub const RUN: &str = "AuthenticAMD-family-25-model-1";

/// What the README calls the picture.
const REFERENCE: &str = "speed";

const SIZE: (u32, u32) = (760, 380);

const CANDIDATES: [&str; 4] = ["axptr", "rep movsb", "memcpy", "byte loop"];

/// Writes the picture, and the definition that holds it.
pub fn draw(run: &Run, docs: &Path) -> Result<()> {
    let picture = picture(run)?;
    for (name, text) in [("speed.svg", &picture), ("speed.link.md", &definition(&picture))] {
        let path = docs.join(name);
        fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
        println!("{}", path.display());
    }
    Ok(())
}

fn picture(run: &Run) -> Result<String> {
    let mut text = String::new();
    fill(run, &mut text).map_err(|error| anyhow!("drawing the front page's picture: {error}"))?;
    Ok(text)
}

fn fill(run: &Run, text: &mut String) -> Result<()> {
    let area = SVGBackend::with_string(text, SIZE).into_drawing_area();
    area.fill(&WHITE)?;
    let about = |name| run.about(name).unwrap_or("?");
    let title =
        format!("copy_from_user, GB/s over bytes: {} ({}), {}", about("name"), about("cpu"), about("date"));
    let area = area.titled(&title, ("sans-serif", 16))?;
    let candidates = plot::CANDIDATES.into_iter().filter(|(name, _)| CANDIDATES.contains(name));
    let rate = |size, nanoseconds| size as f64 / nanoseconds;
    plot::Panel { scenario: "aligned", unit: "GB/s", range: 0.1..300.0, caption: false, lines: 0 }
        .draw(run, &area, candidates, rate)?;
    area.present()?;
    Ok(())
}

/// A definition of the reference whose target is the picture itself.
pub fn definition(picture: &str) -> String {
    let mut target = String::new();
    for char in picture.lines().flat_map(str::chars) {
        match char {
            // What would end the target, or mean something in it.
            '<' | '>' | '#' | '%' | '&' | '\\' => target.push_str(&format!("%{:02X}", u32::from(char))),
            '"' => target.push('\''),
            other => target.push(other),
        }
    }
    format!("[{REFERENCE}]: <data:image/svg+xml,{target}>\n")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{definition, picture};
    use crate::{bench::rows::Run, root::root};

    #[test]
    fn what_the_front_page_shows_is_drawn_from_what_is_stored() {
        let read = |path: &str| fs::read_to_string(root().join(path)).unwrap();
        let run = Run::parse(&read(&format!("benches/results/{}.csv", super::RUN))).unwrap();
        let drawn = picture(&run).unwrap();
        assert_eq!(drawn, read("docs/speed.svg"), "`cargo xtask bench --plot` draws it");
        assert_eq!(definition(&drawn), read("docs/speed.link.md"));
        assert!(drawn.len() <= 15 * 1024, "{} bytes travel with each page", drawn.len());
    }

    #[test]
    fn nothing_in_a_picture_ends_its_definition() {
        let text = definition("<svg a=\"b#c\">\n100 % & \\ </svg>\n");
        assert_eq!(text, "[speed]: <data:image/svg+xml,%3Csvg a='b%23c'%3E100 %25 %26 %5C %3C/svg%3E>\n");
    }
}
