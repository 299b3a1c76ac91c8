// SPDX-License-Identifier: MIT OR Apache-2.0
//! Some of many cases, evenly.

use super::case::Case;

/// How many are kept at least, if there are so many; at most twice as many.
const KEPT: usize = 1000;

#[derive(Clone, Debug)]
pub struct Sample {
    cases: Vec<Case>,
    /// One in so many is kept.
    every: u64,
    seen: u64,
}

impl Default for Sample {
    fn default() -> Self {
        Self { cases: Vec::new(), every: 1, seen: 0 }
    }
}

impl Sample {
    pub fn add(&mut self, case: &Case) {
        if self.seen.is_multiple_of(self.every) {
            self.cases.push(*case);
            if self.cases.len() >= 2 * KEPT {
                let mut at = 0;
                self.cases.retain(|_| {
                    at += 1;
                    at % 2 == 1
                });
                self.every *= 2;
            }
        }
        self.seen += 1;
    }

    pub fn is_empty(&self) -> bool {
        self.cases.is_empty()
    }

    pub fn cases(&self) -> &[Case] {
        &self.cases
    }
}
