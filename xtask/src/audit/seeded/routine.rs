// SPDX-License-Identifier: MIT OR Apache-2.0
//! Defects in routines.

use super::{
    change::{beside, erase, has, replaced},
    outcome::Outcomes,
};
use crate::audit::{
    decode::isa::Guard,
    linked::{
        assembly::{self, Kind},
        binary::Binary,
        entry::{Entry, NO_FAULT, READ, WRITE},
        image::{Function, Image},
    },
    proofs::{
        edge, given,
        proof::{Proof, Violation},
        prove::prove_routines,
        routine, vectors,
    },
};

/// How many registers of a function lose their first values.
const FIRST_VALUES: usize = 8;

/// A routine to break.
#[derive(Debug)]
pub struct Routine<'a> {
    pub binary: &'a Binary,
    pub function: &'a Function,
    pub kind: Kind,
    pub entries: &'a [Entry],
}

impl Routine<'_> {
    pub fn seed_table(&self, outcomes: &mut Outcomes) {
        let inside = |entry: &&Entry| self.function.range.contains(&entry.insn);
        let own: Vec<Entry> = self.entries.iter().filter(inside).copied().collect();
        let (Some(first), Some(last)) = (own.first(), own.last()) else { return };
        let code = self.binary.decode(self.function);
        for entry in [*first, own[own.len() / 2], *last] {
            self.seed(outcomes, "missing entry", Proof::Coverage, entry, None, entry.insn);
            if let Some(other) = beside(&code, entry.insn, |insn| insn.accesses().next().is_none()) {
                let moved = Entry { insn: other, ..entry };
                self.seed(
                    outcomes,
                    "entry on an instruction of another kind",
                    Proof::Direction,
                    entry,
                    Some(moved),
                    other,
                );
            }
            let inner = entry.insn + self.binary.isa.unit;
            if !code.contains_key(&inner) {
                let moved = Entry { insn: inner, ..entry };
                self.seed(
                    outcomes,
                    "entry inside an instruction",
                    Proof::Direction,
                    entry,
                    Some(moved),
                    inner,
                );
            }
            if let Some(landing) = self.neighbour(entry.insn) {
                let moved = Entry { landing, ..entry };
                self.seed(
                    outcomes,
                    "landing in another routine",
                    Proof::Landing,
                    entry,
                    Some(moved),
                    entry.insn,
                );
            }
            if let Some(landing) = code
                .keys()
                .map(|addr| addr + self.binary.isa.unit)
                .find(|addr| self.function.range.contains(addr) && !code.contains_key(addr))
            {
                let moved = Entry { landing, ..entry };
                self.seed(
                    outcomes,
                    "landing inside an instruction",
                    Proof::Landing,
                    entry,
                    Some(moved),
                    entry.insn,
                );
            }
            let flags = [
                ("wrong direction", entry.flags ^ (READ | WRITE)),
                ("no-fault flag wrong", entry.flags ^ NO_FAULT),
            ];
            for (kind, flags) in flags {
                // An instruction that reads and writes user memory has both bits: without any it is wrong,
                // too.
                self.seed(
                    outcomes,
                    kind,
                    Proof::Direction,
                    entry,
                    Some(Entry { flags, ..entry }),
                    entry.insn,
                );
            }
            self.seed_twice(outcomes, entry);
            self.seed_order(outcomes, entry);
        }
        let findings = routine::audit(self.binary, self.function, self.kind, self.entries);
        let kernel_side = findings.seen.iter().find(|(_, seen)| seen.user.is_empty());
        if let Some((&insn, _)) = kernel_side {
            let stores = code[&insn].stores();
            let flags = if stores { WRITE } else { READ } | first.flags & NO_FAULT;
            let moved = Entry { insn, flags, ..*first };
            self.seed(outcomes, "entry on the kernel's side", Proof::Coverage, *first, Some(moved), insn);
        }
    }

    /// Replaces or removes one entry; the proof must blame `blamed`.
    fn seed(
        &self,
        outcomes: &mut Outcomes,
        kind: &'static str,
        proof: Proof,
        entry: Entry,
        by: Option<Entry>,
        blamed: u64,
    ) {
        let table = replaced(self.entries, entry, by);
        let found = self.prove(|image| image.replace_table(&table));
        let named = found.iter().any(|it| it.proof == proof && it.addr == blamed);
        outcomes.add(kind, self.binary.image.describe(entry.insn), named);
    }

    /// The entry's neighbour is replaced by a copy of it.
    fn seed_twice(&self, outcomes: &mut Outcomes, entry: Entry) {
        let at = self.entries.iter().position(|known| *known == entry);
        let Some(at) = at.filter(|at| at + 1 < self.entries.len()) else { return };
        let mut table = self.entries.to_vec();
        table[at + 1] = entry;
        let found = self.prove(|image| image.replace_table(&table));
        let named = found.iter().any(|it| it.proof == Proof::Coverage && it.addr == entry.insn)
            && found.iter().any(|it| it.proof == Proof::Order && it.addr == entry.insn);
        outcomes.add("two entries for one instruction", self.binary.image.describe(entry.insn), named);
    }

    fn seed_order(&self, outcomes: &mut Outcomes, entry: Entry) {
        let at = self.entries.iter().position(|known| *known == entry);
        let Some(at) = at.filter(|at| *at > 0) else { return };
        let mut table = self.entries.to_vec();
        table.swap(at - 1, at);
        let found = self.prove(|image| image.replace_table(&table));
        let named = found.iter().any(|it| it.proof == Proof::Order);
        outcomes.add("two entries out of order", self.binary.image.describe(entry.insn), named);
    }

    /// Each instruction that moves the window is erased; where there is none, user memory is accessed
    /// plainly.
    pub fn seed_window(&self, outcomes: &mut Outcomes) {
        if self.binary.guard() == Guard::None {
            return;
        }
        let code = self.binary.decode(self.function);
        for insn in code.values() {
            if insn.moves_window() {
                let found = self.prove(|image| erase(image, self.binary, insn.addr..insn.end()));
                let named = has(&found, self.function, &[Proof::Window]);
                outcomes.add("window not moved", self.binary.image.describe(insn.addr), named);
            }
            let unprivileged = insn.accesses().any(|(_, access)| access.unprivileged);
            if let (true, Some(plain)) = (unprivileged, self.binary.isa.plain) {
                let bytes = self.binary.image.at(insn.addr).unwrap_or_default();
                let bytes = plain(bytes);
                let found = self.prove(|image| image.patch(insn.addr, &bytes));
                let named = found.iter().any(|it| it.proof == Proof::Window && it.addr == insn.addr);
                outcomes.add("plain access without a window", self.binary.image.describe(insn.addr), named);
            }
        }
    }

    /// An instruction that changes a vector register takes the place of the first access.
    pub fn seed_vectors(&self, outcomes: &mut Outcomes) {
        let Some(vectors) = self.binary.isa.vectors.as_ref().filter(|_| vectors::forbidden(self.binary) != 0)
        else {
            return;
        };
        let Some(first) = self.entries.iter().find(|entry| self.function.range.contains(&entry.insn)) else {
            return;
        };
        let found = self.prove(|image| image.patch(first.insn, vectors.changes_one));
        let named = found.iter().any(|it| it.proof == Proof::Vectors && it.addr == first.insn);
        outcomes.add("vector register changed", self.binary.image.describe(first.insn), named);
    }

    /// The branch that keeps a landing from doing too much is erased.
    pub fn seed_edge(&self, outcomes: &mut Outcomes) {
        for guard in edge::guards(self.binary, self.function) {
            let found = self.prove(|image| erase(image, self.binary, guard.clone()));
            let place = self.binary.image.describe(guard.start);
            outcomes.add("landing not held back", place, has(&found, self.function, &[Proof::Edge]));
        }
    }

    /// A register does not get its first value; variables end earlier.
    pub fn seed_given(&self, outcomes: &mut Outcomes) {
        let first = given::first_values(self.binary, self.function, self.kind, self.entries);
        let code = self.binary.decode(self.function);
        for insn in first.iter().take(FIRST_VALUES).filter_map(|addr| code.get(addr)) {
            let found = self.prove(|image| erase(image, self.binary, insn.addr..insn.end()));
            let named = found.iter().any(|it| it.proof == Proof::Given && it.addr == insn.end());
            outcomes.add("register that nobody has set", self.binary.image.describe(insn.addr), named);
        }
        if self.kind == Kind::Helper {
            let found = self.prove(Image::shorten_variables);
            let named = has(&found, self.function, &[Proof::Given]);
            outcomes.add("variable that ends earlier", self.function.name.clone(), named);
        }
    }

    fn prove(&self, change: impl FnOnce(&mut Image)) -> Vec<Violation> {
        let broken = self.binary.changed(change);
        prove_routines(&broken, Some(&self.function.name)).violations
    }

    /// An address in another routine that an entry here can still name.
    fn neighbour(&self, insn: u64) -> Option<u64> {
        let others = self
            .binary
            .image
            .functions()
            .iter()
            .filter(|other| assembly::kind(&other.name).is_some() && other.name != self.function.name);
        let mut starts = others.map(|other| other.range.start);
        starts.find(|start| start.abs_diff(insn) < i16::MAX as u64)
    }
}
