// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a routine was seen to access, held against the table.

use std::collections::{BTreeMap, BTreeSet};

use super::proof::{Proof, Violation};
use crate::audit::{
    decode::insn::Direction,
    follow::listing::Listing,
    linked::{
        assembly::is_nofault,
        binary::Binary,
        entry::{NO_FAULT, READ, STRICT, WRITE},
        image::Function,
    },
};

/// What an instruction was seen to access, on all paths together.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    pub user: BTreeSet<Direction>,
    pub kernel: BTreeSet<Direction>,
}

/// What the walk through one routine has found.
#[derive(Debug, Default)]
pub struct Findings {
    pub seen: BTreeMap<u64, Seen>,
    pub violations: Vec<Violation>,
    /// How many instructions it has.
    pub instructions: usize,
}

impl Findings {
    /// How many instructions access user memory.
    pub fn user_accesses(&self) -> usize {
        self.seen.values().filter(|seen| !seen.user.is_empty()).count()
    }

    pub fn blame(&mut self, binary: &Binary, proof: Proof, addr: u64, what: &str) {
        self.violations.push(Violation::new(binary, proof, addr, what));
    }
}

/// Each access to user memory has one entry with the right flags, and nothing else has any.
pub fn compare(binary: &Binary, function: &Function, listing: &Listing, findings: &mut Findings) {
    let mut wrong = Vec::new();
    for addr in listing.code.keys() {
        let entries = listing.entries.get(addr).map_or(&[][..], Vec::as_slice);
        let seen = findings.seen.get(addr).cloned().unwrap_or_default();
        match (seen.user.is_empty(), entries) {
            (false, []) => {
                wrong.push((*addr, Proof::Coverage, "accesses user memory without an entry".into()))
            }
            (true, [_, ..]) => {
                wrong.push((*addr, Proof::Coverage, "has an entry but does not access user memory".into()));
            }
            (_, [_, _, ..]) => wrong.push((*addr, Proof::Coverage, "has more than one entry".into())),
            (true, []) => {}
            (false, [entry]) => {
                let expected = flags(&seen, is_nofault(&function.name));
                if entry.flags != expected {
                    let what = format!("has flags {:#x} instead of {expected:#x}", entry.flags);
                    wrong.push((*addr, Proof::Direction, what));
                }
            }
        }
    }
    for (addr, proof, what) in wrong {
        findings.blame(binary, proof, addr, &what);
    }
}

fn flags(seen: &Seen, nofault: bool) -> u16 {
    let mut flags = 0;
    if seen.user.contains(&Direction::Load) {
        flags |= READ;
    }
    if seen.user.contains(&Direction::Store) {
        flags |= WRITE;
    }
    if !seen.kernel.is_empty() {
        flags |= STRICT;
    }
    if nofault { flags | NO_FAULT } else { flags }
}
