// SPDX-License-Identifier: MIT OR Apache-2.0
//! What this boot is for: the word `mode=NAME` on the kernel's command line.

use crate::panics;

/// One kind of boot.
#[derive(Debug)]
pub enum Mode {
    /// No `mode=` at all: run all cases.
    Cases,
    /// Do this, which must end in a panic.
    Panic(fn()),
}

impl Mode {
    /// Reads the mode.
    ///
    /// # Panics
    ///
    /// Panics on an unknown name: a misspelt mode must not pass as another one.
    pub fn from_command_line(line: &str) -> Self {
        let Some(name) = line.split_ascii_whitespace().find_map(|word| word.strip_prefix("mode=")) else {
            return Self::Cases;
        };
        match panics::ALL.iter().find(|(known, _)| *known == name) {
            Some((_, how)) => Self::Panic(*how),
            None => panic!("no such mode: {name}"),
        }
    }
}
