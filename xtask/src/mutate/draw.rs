// SPDX-License-Identifier: MIT OR Apache-2.0
//! Which mutations are tried: a seed says it, and nobody.

use std::collections::HashSet;

use fastrand::Rng;

use super::{
    change::{Change, Kind},
    sources::Source,
};

/// Of how many mutations how many are of the assembly.
const OF: usize = 5;
const ASSEMBLY: usize = 3;

/// Mutations without an end, none of them twice: a side, a file by how long it is, a kind, and one of these.
#[derive(Debug)]
pub struct Draw<'a> {
    rng: Rng,
    sides: &'a [Vec<Source>; 2],
    drawn: HashSet<(&'a str, usize, &'a str)>,
}

impl<'a> Draw<'a> {
    /// Each machine has a sequence of its own.
    pub fn new(seed: u64, machine: &str, sides: &'a [Vec<Source>; 2]) -> Self {
        let of_machine =
            machine.bytes().fold(seed, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
        Self { rng: Rng::with_seed(of_machine), sides, drawn: HashSet::new() }
    }

    fn one(&mut self) -> Option<&'a Change> {
        let side = &self.sides[usize::from(self.rng.usize(..OF) >= ASSEMBLY)];
        let lines: usize = side.iter().map(|source| source.lines).sum();
        let mut line = self.rng.usize(..lines.max(1));
        let source = side.iter().find(|source| match line.checked_sub(source.lines) {
            Some(rest) => {
                line = rest;
                false
            }
            None => true,
        })?;
        let mut kinds: Vec<Kind> = source.changes.iter().map(|change| change.kind).collect();
        kinds.sort_unstable();
        kinds.dedup();
        let kind = *self.rng.choice(&kinds)?;
        self.rng.choice(source.changes.iter().filter(|change| change.kind == kind).collect::<Vec<_>>())
    }
}

impl<'a> Iterator for Draw<'a> {
    type Item = &'a Change;

    fn next(&mut self) -> Option<&'a Change> {
        // Small sources have few, and all of them may be drawn.
        for _ in 0..10_000 {
            let change = self.one()?;
            if self.drawn.insert((&*change.file, change.line, &*change.after)) {
                return Some(change);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::Draw;
    use crate::{
        mutate::{dialect::X86_64, sources},
        root::home,
    };

    #[test]
    fn the_seed_says_it_all() {
        let sides = sources::of(home(), &X86_64).expect("the files are there");
        let draw = |seed, machine| Draw::new(seed, machine, &sides).take(200).collect::<Vec<_>>();
        let first = draw(1, "x86_64");
        assert_eq!(first.len(), 200);
        assert_eq!(first, draw(1, "x86_64"));
        assert_ne!(first, draw(2, "x86_64"));
        assert_ne!(first, draw(1, "aarch64"));
        let texts: HashSet<_> = first.iter().map(|change| change.to_string()).collect();
        assert_eq!(texts.len(), 200, "one was drawn twice");
        // Spread over both sides, files and kinds.
        let assembly = first.iter().filter(|change| change.file.starts_with("asm/")).count();
        assert!((80..160).contains(&assembly), "{assembly}");
        let files: HashSet<_> = first.iter().map(|change| &change.file).collect();
        assert!(files.len() > 20, "{files:?}");
        let kinds: HashSet<_> = first.iter().map(|change| change.kind.name()).collect();
        assert_eq!(kinds.len(), 8, "{kinds:?}");
    }
}
