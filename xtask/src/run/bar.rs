// SPDX-License-Identifier: MIT OR Apache-2.0
//! How far a run is, on a terminal; elsewhere nothing but what is said.

use std::fmt::Display;

use indicatif::{ProgressBar, ProgressStyle};

/// Of so many steps, whatever they are.
#[derive(Debug)]
pub struct Bar(ProgressBar);

impl Bar {
    pub fn new(name: &str, steps: u64) -> Self {
        let bar = ProgressBar::new(steps);
        let style = ProgressStyle::with_template("{prefix} {wide_bar} {msg} ({eta})");
        bar.set_style(style.expect("the template is one"));
        bar.set_prefix(name.to_owned());
        Self(bar)
    }

    /// How many steps are done, and what there is to say of them.
    pub fn show(&self, done: u64, news: &impl Display) {
        self.0.set_message(news.to_string());
        self.0.set_position(done);
    }

    /// Prints a line above it.
    pub fn say(&self, line: &str) {
        self.hidden(|| println!("{line}"));
    }

    /// Does what prints while the bar is not there.
    pub fn hidden<T>(&self, print: impl FnOnce() -> T) -> T {
        self.0.suspend(print)
    }

    pub fn end(&self) {
        self.0.finish_and_clear();
    }
}
