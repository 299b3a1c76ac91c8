// SPDX-License-Identifier: MIT OR Apache-2.0
//! Defects put into a program on purpose, in memory: the proofs must name each of them, where it is.

use std::collections::BTreeMap;

use super::{
    Proof, Report, Violation,
    binary::Binary,
    edge,
    image::{Entry, Function, Image},
    inline,
    insn::{Flow, Insn, Op},
    lines::Lines,
    machine::Guard,
    mask::{self, Sources},
    prove_routines,
    routine::{self, INLINED, Kind, NO_FAULT, READ, WRITE},
    table,
};
use crate::run::report::Tally;

/// How many functions lose their masks.
const UNMASKED: usize = 8;

/// How many inlined accesses are broken.
const INLINED_SEEDED: usize = 24;

/// How often a kind of defect was put in, and the first one that was not found.
#[derive(Debug, Default)]
struct Outcome {
    seeded: usize,
    missed: Option<String>,
}

/// Defects by their kinds.
#[derive(Debug, Default)]
struct Outcomes(BTreeMap<&'static str, Outcome>);

impl Outcomes {
    fn add(&mut self, kind: &'static str, place: String, found: bool) {
        let outcome = self.0.entry(kind).or_default();
        outcome.seeded += 1;
        if !found && outcome.missed.is_none() {
            outcome.missed = Some(place);
        }
    }
}

/// Seeds defects into each routine and into callers; each kind is one test.
pub fn run(
    name: &str,
    binary: &Binary,
    report: &Report,
    lines: &Lines,
    sources: &Sources,
    tally: &mut Tally,
) {
    let calls = &report.calls;
    let mut outcomes = Outcomes::default();
    let entries = binary.image.entries().unwrap_or_default();
    for function in binary.image.functions() {
        if let Some(Ok(kind @ Kind::Routine(_))) = routine::kind(&function.name) {
            let routine = Routine { binary, function, kind, entries: &entries };
            routine.seed_table(&mut outcomes);
            routine.seed_window(&mut outcomes);
            routine.seed_edge(&mut outcomes);
        }
    }
    for start in calls.masking.iter().take(UNMASKED) {
        let Some(function) = binary.image.function_of(*start) else { continue };
        let broken = binary.changed(|image| {
            for mask in mask::masks(binary, &binary.decode(function)) {
                erase(image, binary, mask);
            }
        });
        let found = mask::audit_function(&broken, function, lines, sources).violations;
        outcomes.add("no mask", function.name.clone(), has(&found, function, &[Proof::Mask]));
    }
    for (function, entry) in inlined(binary, &entries) {
        // What is broken is not looked at more closely than what is whole.
        let (apart, _) = inline::audit_apart(binary, function, &entries, lines, sources);
        Access { binary, function, entries: &entries, lines, sources, apart }.seed(&mut outcomes, entry);
    }
    for (kind, outcome) in outcomes.0 {
        let seeded = outcome.seeded;
        let verdict = outcome.missed.map_or(Ok(()), |place| Err(format!("not found in {place}")));
        tally.check(&format!("{name}: seeded and found: {kind} ({seeded} times)"), verdict);
    }
}

/// Accesses of each kind, in the smallest functions that hold one: whoever breaks them proves it all again.
fn inlined<'a>(binary: &'a Binary, entries: &[Entry]) -> Vec<(&'a Function, Entry)> {
    let mut found: BTreeMap<_, Vec<(u64, &Function, Entry)>> = BTreeMap::new();
    for entry in entries.iter().filter(|entry| entry.flags & INLINED != 0) {
        let Some(function) = binary.image.function_of(entry.insn) else { continue };
        let code = binary.decode(function);
        let Some(insn) = code.get(&entry.insn) else { continue };
        let mnemonic: String = insn.text.split(' ').take(2).collect();
        let size = function.range.end - function.range.start;
        let stub = inline::is_stub(binary, &code, entry.landing);
        found.entry((mnemonic, entry.flags, stub)).or_default().push((size, function, *entry));
    }
    let smallest = found.into_values().filter_map(|all| all.into_iter().min_by_key(|(size, ..)| *size));
    smallest.map(|(_, function, entry)| (function, entry)).take(INLINED_SEEDED).collect()
}

/// A routine to break.
#[derive(Debug)]
struct Routine<'a> {
    binary: &'a Binary,
    function: &'a Function,
    kind: Kind,
    entries: &'a [Entry],
}

impl Routine<'_> {
    fn seed_table(&self, outcomes: &mut Outcomes) {
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
        let mut table: Vec<Entry> = self.entries.iter().filter(|known| **known != entry).copied().collect();
        table.extend(by);
        table.sort_by_key(|entry| entry.insn);
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
    fn seed_window(&self, outcomes: &mut Outcomes) {
        if self.binary.guard() == Guard::None {
            return;
        }
        let code = self.binary.decode(self.function);
        for insn in code.values() {
            let moves = insn.ops.iter().any(|op| matches!(op, Op::Window(_) | Op::SetStatus(_)));
            if moves {
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

    /// The branch that keeps a landing from doing too much is erased.
    fn seed_edge(&self, outcomes: &mut Outcomes) {
        for guard in edge::guards(self.binary, self.function) {
            let found = self.prove(|image| erase(image, self.binary, guard.clone()));
            let place = self.binary.image.describe(guard.start);
            outcomes.add("landing not held back", place, has(&found, self.function, &[Proof::Edge]));
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
            .filter(|other| routine::kind(&other.name).is_some() && other.name != self.function.name);
        let mut starts = others.map(|other| other.range.start);
        starts.find(|start| start.abs_diff(insn) < i16::MAX as u64)
    }
}

/// A function with an inlined access to break.
struct Access<'a, 'l> {
    binary: &'a Binary,
    function: &'a Function,
    entries: &'a [Entry],
    lines: &'a Lines<'l>,
    sources: &'a Sources,
    /// How many states are kept apart in this function.
    apart: u8,
}

impl Access<'_, '_> {
    fn seed(&self, outcomes: &mut Outcomes, entry: Entry) {
        let code = self.binary.decode(self.function);
        let at = entry.insn;
        let probe = inline::is_probe(self.lines, &entry, self.sources);
        if !probe {
            self.seed_table(outcomes, "inlined: missing entry", Proof::Coverage, entry, None, at);
            let masks = mask::masks(self.binary, &code);
            let found = self.prove(self.entries, |image| {
                for mask in masks {
                    erase(image, self.binary, mask);
                }
            });
            let named = found.iter().any(|it| it.proof == Proof::Mask && it.addr == at);
            outcomes.add("inlined: no mask", self.binary.image.describe(at), named);
            self.seed_window(outcomes, &code, entry);
            self.seed_stub(outcomes, &code, entry);
        }
        let turned = Entry { flags: entry.flags ^ (READ | WRITE), ..entry };
        self.seed_table(outcomes, "inlined: wrong direction", Proof::Direction, entry, Some(turned), at);
        if probe {
            let paged = Entry { flags: entry.flags & !NO_FAULT, ..entry };
            let kind = "inlined: probe with the pager";
            self.seed_table(outcomes, kind, Proof::Direction, entry, Some(paged), at);
        }
        let Some(insn) = code.get(&at) else { return };
        for (kind, landing) in [
            ("inlined: landing in front of the report of success", insn.end()),
            ("inlined: landing where the access starts", at),
            ("inlined: landing behind its own instructions", self.behind(&code, entry.landing)),
            ("inlined: landing in another function", self.function.range.end),
        ] {
            // The distance has 16 bits.
            if landing.abs_diff(at) < i16::MAX as u64 {
                let moved = Entry { landing, ..entry };
                self.seed_table(outcomes, kind, Proof::Landing, entry, Some(moved), at);
            }
        }
    }

    /// The stub at a landing says nothing, or goes elsewhere.
    fn seed_stub(&self, outcomes: &mut Outcomes, code: &BTreeMap<u64, Insn>, entry: Entry) {
        // Where success goes on, too, what follows is the caller's: it may put a number to the answer as a stub does.
        let shared = |insn| inline::lands_behind(self.binary, code, insn, entry.landing).is_ok();
        if !inline::is_stub(self.binary, code, entry.landing) || code.get(&entry.insn).is_some_and(shared) {
            return;
        }
        let says = code.get(&entry.landing);
        // One that only leads to what comes next anyway is not missed.
        let goes = code.range(entry.landing..).map(|(_, insn)| insn).find(|insn| !insn.falls_through());
        let goes = goes.filter(|insn| !matches!(insn.flow, Flow::Jump(target) if target == insn.end()));
        for (kind, insn) in [("inlined: stub without its word", says), ("inlined: stub leading on", goes)] {
            let Some(insn) = insn else { continue };
            let found = self.prove(self.entries, |image| erase(image, self.binary, insn.addr..insn.end()));
            let named = found.iter().any(|it| it.proof == Proof::Landing && it.addr == entry.insn);
            outcomes.add(kind, self.binary.image.describe(entry.landing), named);
        }
    }

    /// Where the instruction at the landing, or the one behind it, ends.
    fn behind(&self, code: &BTreeMap<u64, Insn>, landing: u64) -> u64 {
        code.range(landing + 1..).next().map_or(landing, |(_, insn)| insn.end())
    }

    /// Each instruction of the function that moves the window is erased, and a call put behind the access.
    fn seed_window(&self, outcomes: &mut Outcomes, code: &BTreeMap<u64, Insn>, entry: Entry) {
        let Some(insn) = code.get(&entry.insn) else { return };
        let plain = insn.accesses().all(|(_, access)| !access.unprivileged);
        if self.binary.guard() == Guard::None || !plain {
            return;
        }
        let moves = |insn: &&Insn| inline::moves_window(insn);
        let before = code.range(..entry.insn).rev().map(|(_, insn)| insn).find(moves);
        let behind = code.range(entry.insn..).map(|(_, insn)| insn).find(moves);
        for (kind, insn) in [("inlined: window not opened", before), ("inlined: window left open", behind)] {
            let Some(insn) = insn else { continue };
            let found = self.prove(self.entries, |image| erase(image, self.binary, insn.addr..insn.end()));
            let place = self.binary.image.describe(insn.addr);
            outcomes.add(kind, place, has(&found, self.function, &[Proof::Window]));
        }
        let found = self.prove(self.entries, |image| image.patch(insn.end(), self.binary.isa.call));
        let named = found.iter().any(|it| it.proof == Proof::Window && it.addr == insn.end());
        // Where another CPU has no guard, or this path found the window open, there is nothing to see.
        outcomes.add("inlined: call in the window", self.binary.image.describe(insn.end()), named);
    }

    fn seed_table(
        &self,
        outcomes: &mut Outcomes,
        kind: &'static str,
        proof: Proof,
        entry: Entry,
        by: Option<Entry>,
        blamed: u64,
    ) {
        let mut table: Vec<Entry> = self.entries.iter().filter(|known| **known != entry).copied().collect();
        table.extend(by);
        table.sort_by_key(|entry| entry.insn);
        let found = self.prove(&table, |_| {});
        let named = found.iter().any(|it| it.proof == proof && it.addr == blamed);
        outcomes.add(kind, self.binary.image.describe(entry.insn), named);
    }

    fn prove(&self, entries: &[Entry], change: impl FnOnce(&mut Image)) -> Vec<Violation> {
        let broken = self.binary.changed(change);
        let own: Vec<Entry> =
            entries.iter().filter(|entry| self.function.range.contains(&entry.insn)).copied().collect();
        let mut found = table::audit(&broken, &own);
        found.extend(
            inline::follow(&broken, self.function, entries, self.lines, self.sources, self.apart).violations,
        );
        found
    }
}

/// The next instruction of which this holds; the last one before, if there is none.
fn beside(code: &BTreeMap<u64, Insn>, addr: u64, mut holds: impl FnMut(&Insn) -> bool) -> Option<u64> {
    let next = code.range(addr + 1..).find(|(_, insn)| holds(insn)).map(|(addr, _)| *addr);
    next.or_else(|| code.range(..addr).rev().find(|(_, insn)| holds(insn)).map(|(addr, _)| *addr))
}

/// Puts instructions that do nothing in place of these.
fn erase(image: &mut Image, binary: &Binary, range: std::ops::Range<u64>) {
    let nop = binary.isa.nop;
    for addr in range.step_by(nop.len()) {
        image.patch(addr, nop);
    }
}

/// Whether one of the proofs blames the function.
fn has(found: &[Violation], function: &Function, proofs: &[Proof]) -> bool {
    found.iter().any(|it| proofs.contains(&it.proof) && function.range.contains(&it.addr))
}
