// SPDX-License-Identifier: MIT OR Apache-2.0
//! Which defects were found.

use std::collections::BTreeMap;

use crate::run::report::Tally;

/// How often a kind of defect was put in, and the first one that was not found.
#[derive(Debug, Default)]
struct Outcome {
    seeded: usize,
    missed: Option<String>,
}

/// Defects by their kinds.
#[derive(Debug, Default)]
pub struct Outcomes(BTreeMap<&'static str, Outcome>);

impl Outcomes {
    pub fn add(&mut self, kind: &'static str, place: String, found: bool) {
        let outcome = self.0.entry(kind).or_default();
        outcome.seeded += 1;
        if !found && outcome.missed.is_none() {
            outcome.missed = Some(place);
        }
    }

    /// Each kind is one test.
    pub fn report(self, name: &str, tally: &mut Tally) {
        for (kind, outcome) in self.0 {
            let seeded = outcome.seeded;
            let verdict = outcome.missed.map_or(Ok(()), |place| Err(format!("not found in {place}")));
            tally.check(&format!("{name}: seeded and found: {kind} ({seeded} times)"), verdict);
        }
    }
}
