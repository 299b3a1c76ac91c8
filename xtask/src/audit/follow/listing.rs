// SPDX-License-Identifier: MIT OR Apache-2.0
//! A function as it is followed: its instructions, where its blocks start, and what belongs to which instruction.

use std::{
    collections::{BTreeSet, HashMap},
    ops::Range,
    rc::Rc,
};

use crate::audit::{
    decode::insn::{Code, Flow, Reg},
    linked::entry::{Entry, by_instruction},
};

/// Masking sequences by where they end.
pub type Masks = HashMap<u64, Mask>;

/// A masking sequence.
#[derive(Clone, Copy, Debug)]
pub struct Mask {
    /// The register of its answer.
    pub answer: Reg,
    /// The one that must hold 0.
    pub zero: Option<Reg>,
    /// The length, if the sequence has it to the end.
    pub length: Option<Length>,
    /// The register that it takes for the user limit, at its first instruction.
    pub limit: Option<Reg>,
}

/// Where a mask has its length from.
#[derive(Clone, Copy, Debug)]
pub enum Length {
    Register(Reg),
    /// The register that is always 0.
    Zero,
}

/// A function's instructions, with what is to be known of single ones.
#[derive(Debug)]
pub struct Listing {
    pub code: Rc<Code>,
    pub range: Range<u64>,
    /// The function's own.
    pub entries: HashMap<u64, Vec<Entry>>,
    pub masks: Masks,
    /// Where blocks start, in ascending order.
    pub leaders: Vec<u64>,
}

impl Listing {
    /// With the entries that lie in the function.
    pub fn new(code: Rc<Code>, range: Range<u64>, entries: &[Entry]) -> Self {
        let own: Vec<Entry> = entries.iter().filter(|entry| range.contains(&entry.insn)).copied().collect();
        let leaders = leaders(&code, &range, &own);
        Self { code, range, entries: by_instruction(&own), masks: Masks::new(), leaders }
    }

    /// One that is read from its top to its end.
    pub fn straight(code: Rc<Code>, range: Range<u64>) -> Self {
        Self { code, range, entries: HashMap::new(), masks: Masks::new(), leaders: Vec::new() }
    }

    pub fn with_masks(self, masks: Masks) -> Self {
        Self { masks, ..self }
    }

    /// One that is entered at these addresses, too.
    pub fn entered_at(mut self, others: &[u64]) -> Self {
        self.leaders.extend(others);
        self.leaders.sort_unstable();
        self.leaders.dedup();
        self
    }

    pub fn is_leader(&self, addr: u64) -> bool {
        self.leaders.binary_search(&addr).is_ok()
    }
}

/// Where blocks start: at the function's start, targets of branches, landings, and behind the end of a path.
pub fn leaders(code: &Code, range: &Range<u64>, entries: &[Entry]) -> Vec<u64> {
    let mut leaders = BTreeSet::from([range.start]);
    for insn in code.values() {
        if let Flow::Jump(target) | Flow::Branch(target, _) = insn.flow {
            leaders.insert(target);
        }
        if !insn.falls_through() {
            leaders.insert(insn.end());
        }
    }
    leaders.extend(entries.iter().map(|entry| entry.landing));
    leaders.into_iter().filter(|leader| range.contains(leader)).collect()
}
