// SPDX-License-Identifier: MIT OR Apache-2.0
//! How often each operation has run, and how often a byte refused it: what is never drawn proves nothing.

use alloc::{format, string::String, vec::Vec};

use crate::families::{AT_LIMIT, FAMILIES, NEVER_REFUSED};

/// After so many operations, the rarest has run some 70 times, and has met some 30 bad bytes.
const ENOUGH: u64 = 30_000;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Count {
    runs: u64,
    faults: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    /// For each operation, in the order of the families, as far as any has run.
    counts: Vec<Count>,
    /// Whether somebody has memory at the limit, as a process's stack without randomisation.
    is_limit_taken: bool,
}

impl Seen {
    /// Of a round in which somebody has memory at the limit, or nobody.
    pub(crate) const fn new(is_limit_taken: bool) -> Self {
        Self { counts: Vec::new(), is_limit_taken }
    }

    /// Counts a run of the operation with this index.
    pub(crate) fn count(&mut self, index: usize, has_faulted: bool) {
        let one = Count { runs: 1, faults: u64::from(has_faulted) };
        self.gets(index, one);
    }

    /// Adds what another round has seen.
    pub(crate) fn add(&mut self, other: &Self) {
        for (index, &count) in other.counts.iter().enumerate() {
            self.gets(index, count);
        }
        self.is_limit_taken |= other.is_limit_taken;
    }

    fn gets(&mut self, index: usize, count: Count) {
        if self.counts.len() <= index {
            self.counts.resize(index + 1, Count::default());
        }
        self.counts[index].runs += count.runs;
        self.counts[index].faults += count.faults;
    }

    /// Names what has not run, or not met a bad byte although it can, in a run that is long enough to tell.
    pub(crate) fn check(&self) -> Result<(), String> {
        if self.counts.iter().map(|count| count.runs).sum::<u64>() < ENOUGH {
            return Ok(());
        }
        for (index, (name, _)) in FAMILIES.iter().flat_map(|(_, family)| *family).enumerate() {
            let Count { runs, faults } = self.counts.get(index).copied().unwrap_or_default();
            if runs == 0 {
                return Err(format!("{name} has never run"));
            }
            let is_excused = NEVER_REFUSED.contains(name) || self.is_limit_taken && AT_LIMIT.contains(name);
            if faults == 0 && !is_excused {
                return Err(format!("{name} has run {runs} times, and no byte has refused it"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{ENOUGH, Seen};
    use crate::families::{FAMILIES, NEVER_REFUSED};

    /// Each operation so often that it is enough; `quiet` is never refused, `absent` never runs.
    fn seen(quiet: Option<&str>, absent: Option<&str>) -> Seen {
        let mut seen = Seen::default();
        for (index, (name, _)) in FAMILIES.iter().flat_map(|(_, family)| *family).enumerate() {
            let runs = if absent == Some(name) { 0 } else { ENOUGH };
            for _ in 0..runs {
                seen.count(index, quiet != Some(name) && !NEVER_REFUSED.contains(name));
            }
        }
        seen
    }

    #[test]
    fn what_has_not_run_or_not_faulted_is_named() {
        assert_eq!(seen(None, None).check(), Ok(()));
        assert_eq!(seen(None, Some("fill_user")).check(), Err("fill_user has never run".into()));
        let quiet = seen(Some("fill_user"), None).check();
        assert!(quiet.is_err_and(|why| why.starts_with("fill_user has run")));
        let mut short = Seen::default();
        short.count(0, false);
        assert_eq!(short.check(), Ok(()));
        let mut both = short.clone();
        both.add(&seen(None, None));
        assert_eq!(both.check(), Ok(()));
    }
}
