// SPDX-License-Identifier: MIT OR Apache-2.0
//! What this boot is for: the word `mode=NAME` on the kernel's command line.

use crate::{fault::Decides, panics};

/// One kind of boot.
#[derive(Debug)]
pub struct Mode {
    /// What tells a fault of user memory's from a bug.
    pub decides: Decides,
    /// What is done then.
    pub run: Run,
}

/// What a boot does.
#[derive(Debug)]
pub enum Run {
    /// All cases of the mode.
    Cases,
    /// This, which must end in a panic.
    Panic(fn()),
}

impl Mode {
    /// Reads the mode; without the word, all cases run on the table.
    ///
    /// # Panics
    ///
    /// Panics on an unknown name: a misspelt mode must not pass as another one.
    pub fn from_command_line(line: &str) -> Self {
        let Some(name) = line.split_ascii_whitespace().find_map(|word| word.strip_prefix("mode=")) else {
            return Self { decides: Decides::Table, run: Run::Cases };
        };
        if name == "by-flag" {
            return Self { decides: Decides::Flag, run: Run::Cases };
        }
        match panics::ALL.iter().find(|(known, ..)| *known == name) {
            Some(&(_, decides, how)) => Self { decides, run: Run::Panic(how) },
            None => panic!("no such mode: {name}"),
        }
    }
}
