// SPDX-License-Identifier: MIT OR Apache-2.0
//! Defects in accesses that the compiler has put where they are used.

use std::collections::BTreeMap;

use super::{
    change::{erase, has, replaced},
    outcome::Outcomes,
};
use crate::audit::{
    decode::{
        insn::{Code, Flow, Insn},
        isa::Guard,
    },
    linked::{
        binary::Binary,
        entry::{Entry, INLINED, NO_FAULT, READ, WRITE},
        image::{Function, Image},
        lines::Lines,
        names::Sources,
    },
    proofs::{
        inline, landing, pattern,
        proof::{Proof, Violation},
        table,
    },
};

/// How many inlined accesses are broken.
const INLINED_SEEDED: usize = 24;

/// Accesses of each kind, in the smallest functions that hold one: whoever breaks them proves it all again.
pub fn inlined<'a>(binary: &'a Binary, entries: &[Entry]) -> Vec<(&'a Function, Entry)> {
    let mut found: BTreeMap<_, Vec<(u64, &Function, Entry)>> = BTreeMap::new();
    for entry in entries.iter().filter(|entry| entry.flags & INLINED != 0) {
        let Some(function) = binary.image.function_of(entry.insn) else { continue };
        let code = binary.decode(function);
        let Some(insn) = code.get(&entry.insn) else { continue };
        let mnemonic: String = insn.text.split(' ').take(2).collect();
        let size = function.range.end - function.range.start;
        let stub = landing::is_stub(binary, &code, entry.landing);
        found.entry((mnemonic, entry.flags, stub)).or_default().push((size, function, *entry));
    }
    let smallest = found.into_values().filter_map(|all| all.into_iter().min_by_key(|(size, ..)| *size));
    smallest.map(|(_, function, entry)| (function, entry)).take(INLINED_SEEDED).collect()
}

/// A function with an inlined access to break.
pub struct Access<'a, 'l> {
    pub binary: &'a Binary,
    pub function: &'a Function,
    pub entries: &'a [Entry],
    pub lines: &'a Lines<'l>,
    pub sources: &'a Sources,
    /// How many states are kept apart in this function.
    pub apart: u8,
}

impl Access<'_, '_> {
    pub fn seed(&self, outcomes: &mut Outcomes, entry: Entry) {
        let code = self.binary.decode(self.function);
        let at = entry.insn;
        let probe = inline::is_probe(self.lines, &entry, self.sources);
        let on_word = inline::is_on_word(self.lines, &entry, self.sources);
        if !probe && !on_word {
            self.seed_table(outcomes, "inlined: missing entry", Proof::Coverage, entry, None, at);
            let masks = pattern::masks(self.binary, &code);
            let found = self.prove(self.entries, |image| {
                for mask in masks {
                    erase(image, self.binary, mask);
                }
            });
            let named = found.iter().any(|it| it.proof == Proof::Mask && it.addr == at);
            outcomes.add("inlined: no mask", self.binary.image.describe(at), named);
        }
        if !probe {
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
            ("inlined: landing in front of the report of success", Some(insn.end())),
            ("inlined: landing where the access starts", Some(at)),
            ("inlined: landing behind its own instructions", behind(&code, entry.landing)),
            ("inlined: landing in another function", Some(self.function.range.end)),
        ] {
            let Some(landing) = landing else { continue };
            // The distance has 16 bits.
            if landing.abs_diff(at) < i16::MAX as u64 {
                let moved = Entry { landing, ..entry };
                self.seed_table(outcomes, kind, Proof::Landing, entry, Some(moved), at);
            }
        }
    }

    /// The stub at a landing says nothing, or goes elsewhere.
    fn seed_stub(&self, outcomes: &mut Outcomes, code: &Code, entry: Entry) {
        // Where success goes on, too, what follows is the caller's: it may put a number to the answer as a stub does.
        let shared = |insn| landing::lands_behind(self.binary, code, insn, entry.landing).is_ok();
        if !landing::is_stub(self.binary, code, entry.landing) || code.get(&entry.insn).is_some_and(shared) {
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

    /// Each instruction of the function that moves the window is erased, and a call put behind the access.
    fn seed_window(&self, outcomes: &mut Outcomes, code: &Code, entry: Entry) {
        let Some(insn) = code.get(&entry.insn) else { return };
        let plain = insn.accesses().all(|(_, access)| !access.unprivileged);
        if self.binary.guard() == Guard::None || !plain {
            return;
        }
        let moves = |insn: &&Insn| insn.moves_window();
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
        let table = replaced(self.entries, entry, by);
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

/// Where the instruction behind the one at the landing ends. A landing at the last one of its function has none.
fn behind(code: &Code, landing: u64) -> Option<u64> {
    code.range(landing + 1..).next().map(|(_, insn)| insn.end())
}
