// SPDX-License-Identifier: MIT OR Apache-2.0
//! Which cases are executed.

use super::{
    case::{Case, Layout, NONE, Way},
    contract::{Contract, Task},
    memory::{DESTINATION, SOURCE},
};

/// The bound of a kind of routines: see the module's own page for why it is enough.
#[derive(Clone, Copy, Debug)]
pub struct Bound {
    /// Each length up to here, with each edge.
    every: u32,
    /// The same for a bound that is asked for.
    every_of_all: u32,
    /// Some longer ones, at whose ends and at some places between them edges are.
    longer: &'static [u32],
    /// The alignments that the routines tell apart.
    modulo: u16,
    /// Pairs of alignments, if they are not all of them: what is added to the source's for the destination's.
    apart: &'static [u16],
}

impl Bound {
    /// x86_64 with general registers: classes up to 64, blocks of 64 up to 512. Alignments matter for the one exception: a
    /// destination 1 to 15 bytes above the source.
    pub const NARROW: Self = Self {
        every: 136,
        every_of_all: 530,
        longer: &[
            150, 191, 192, 193, 200, 255, 256, 257, 300, 383, 384, 511, 512, 513, 520, 1000, 4096, 4100, 9000,
        ],
        modulo: 8,
        apart: &[0, 1, 15, 16],
    };
    /// With vector registers: classes up to 256, blocks of 128, stores aligned to 32.
    pub const WIDE: Self = Self {
        every: 136,
        every_of_all: 700,
        longer: &[
            150, 160, 161, 191, 192, 193, 223, 224, 225, 254, 255, 256, 257, 258, 259, 287, 288, 289, 320,
            383, 384, 385, 386, 400, 416, 417, 447, 448, 511, 512, 513, 514, 530, 640, 641, 2047, 2048, 2049,
            2100, 4096, 9000,
        ],
        modulo: 32,
        apart: &[0, 1, 15, 16],
    };
    /// The others: blocks of 64 and 32, joined words, all alignments of words; from 256 bytes on, aarch64's copies.
    pub const WORDS: Self = Self {
        every: 84,
        every_of_all: 340,
        longer: &[
            95, 96, 97, 98, 99, 111, 127, 128, 129, 135, 136, 150, 192, 193, 255, 256, 257, 258, 263, 264,
            271, 272, 273, 300, 320, 333, 512, 4100,
        ],
        modulo: 8,
        apart: &[0, 1, 2, 3, 4, 5, 6, 7],
    };

    /// Each edge is tried of lengths up to here.
    fn every(&self, all: bool) -> u32 {
        if all { self.every_of_all } else { self.every }
    }

    /// Which lengths, and how far a length belongs to those of which every edge is tried.
    fn lengths(&self, contract: Contract, all: bool, way: &Way) -> Vec<u32> {
        let every = self.every(all);
        let mut lengths: Vec<u32> = (0..=every).collect();
        // Of strings no length is long: there are no classes.
        let most = if contract.is_string() { 600 } else { u32::MAX };
        lengths.extend(self.longer.iter().filter(|len| **len > every && **len < most));
        if way.is_brief && !all {
            lengths.retain(|len| len % 5 == 3 || *len < 20 || self.longer.contains(len));
        }
        lengths
    }

    /// The alignments of both sides, as pairs.
    fn pairs(&self) -> Vec<[u16; 2]> {
        let sources = 0..self.modulo;
        sources.flat_map(|source| self.apart.iter().map(move |apart| [source, source + apart])).collect()
    }
}

/// What an enumeration tells of.
pub type Try<'a> = dyn FnMut(&Case) -> bool + 'a;

/// All cases of a routine. `try_case` says whether memory has refused an access.
pub fn each(
    bound: &Bound,
    contract: Contract,
    (ways, entries): (&[Way], usize),
    all: bool,
    try_case: &mut Try,
) {
    for (way, how) in ways.iter().enumerate() {
        for entry in 0..entries {
            for len in bound.lengths(contract, all, how) {
                for (len, zero) in strings(contract, len) {
                    let case = Case {
                        way: way as u8,
                        entry: entry as u8,
                        len,
                        high: 0,
                        zero,
                        offsets: [0; 2],
                        layout: Layout::Whole,
                        told: true,
                    };
                    Lengths { bound, contract, all, dense: len <= bound.every(all) }.each(case, try_case);
                }
            }
            let lengths = Lengths { bound, contract, all, dense: false };
            lengths.each_far((way as u8, entry as u8), try_case);
        }
    }
    very_long(contract, try_case);
}

/// The lengths and the places of the 0 that a number stands for.
fn strings(contract: Contract, len: u32) -> Vec<(u32, u32)> {
    if !contract.is_string() {
        return vec![(len, NONE)];
    }
    let mut found = vec![(len, len + 40), (len + 1, len), (len + 41, len)];
    if len > 0 {
        found.extend([(len, len - 1), (len, len / 2), (len, len)]);
    }
    found
}

pub struct Lengths<'a> {
    bound: &'a Bound,
    pub contract: Contract,
    all: bool,
    dense: bool,
}

impl Lengths<'_> {
    fn each(&self, case: Case, try_case: &mut Try) {
        let sides: Vec<usize> =
            [SOURCE, DESTINATION].into_iter().filter(|side| self.contract.user[*side]).collect();
        let both = sides.len() == 2;
        let needs = self.contract.needs(&case) as u32;
        let pairs = self.pairs(case.len);
        let positions = self.positions(needs);
        for offsets in self.bound.pairs() {
            try_case(&Case { offsets, ..case });
        }
        for &side in &sides {
            for &at in &positions {
                let mut ends = [NONE; 2];
                ends[side] = at;
                let layout = Layout::Edge(ends);
                for offsets in self.beside(side, at, case.len) {
                    let case = Case { offsets, layout, ..case };
                    try_case(&case);
                    if both || (at + case.len).is_multiple_of(3) {
                        try_case(&Case { told: false, ..case });
                    }
                }
                let layout = Layout::Inside { side, at };
                for &offsets in &pairs {
                    try_case(&Case { offsets, layout, ..case });
                }
            }
            // A page that is bad from the start on, and ends within the reach of an access, or behind it.
            for at in 1..=self.contract_reach(needs) {
                let layout = Layout::Behind { side, at };
                let mut offsets = [0; 2];
                offsets[1 - side] = ((at * 7 + case.len) % u32::from(self.bound.modulo)) as u16;
                try_case(&Case { offsets, layout, ..case });
            }
        }
        if both {
            for &source in &positions {
                for destination in
                    [source.saturating_sub(9), source.saturating_sub(1), source, source + 1, source + 8]
                {
                    let layout = Layout::Edge([source, destination]);
                    try_case(&Case { layout, ..case });
                }
            }
        }
        for (number, &offsets) in pairs.iter().enumerate() {
            self.going(Case { offsets, ..case }, number, try_case);
        }
    }

    /// Memory that goes in front of each access, the first one and all others.
    fn going(&self, case: Case, number: usize, try_case: &mut Try) {
        let kinds = [(false, false), (true, false), (false, true), (true, true)];
        let step = if self.dense { 1 } else { 7 };
        let most = if self.dense { u32::MAX } else { 600 };
        for at in (0..most).step_by(step) {
            let mut refused = false;
            for (kind, &(comes_back, inside)) in kinds.iter().enumerate() {
                // The first says how far it goes; the others are spread over the alignments.
                if self.all || kind == 0 || (number + at as usize + case.len as usize) % 3 == kind - 1 {
                    let layout = Layout::Going { at, comes_back, inside };
                    refused |= try_case(&Case { layout, ..case });
                }
            }
            if !refused {
                break;
            }
        }
    }

    /// The alignments that are tried with each edge inside a page, and with each access that memory goes in front of.
    fn pairs(&self, len: u32) -> Vec<[u16; 2]> {
        let pairs = self.bound.pairs();
        if self.all {
            return pairs;
        }
        // Another few for each length: those of all lengths that a class has are all.
        let few = 2;
        let stride = pairs.len() / few;
        (0..few).map(|at| pairs[(at * stride + len as usize * 5) % pairs.len()]).collect()
    }

    /// How the other side lies, if this one ends at a distance.
    pub fn beside(&self, side: usize, at: u32, len: u32) -> Vec<[u16; 2]> {
        let other = 1 - side;
        if !self.contract.has(other) {
            return vec![[0; 2]];
        }
        let place = |value: u32| {
            let mut offsets = [0; 2];
            offsets[other] = value as u16;
            offsets
        };
        if self.all || self.bound.modulo == 8 && self.bound.apart.len() == 8 {
            return (0..u32::from(self.bound.modulo)).map(place).collect();
        }
        // Somewhere, and as the destination lies that is a little above the source.
        let above = 1 + len % 15;
        let own = (4096 - at % 4096) % 4096;
        let aliased = if side == SOURCE { own + above } else { own + 4096 - above } % 4096;
        vec![place((at * 7 + len) % u32::from(self.bound.modulo)), place(aliased)]
    }

    fn positions(&self, needs: u32) -> Vec<u32> {
        if self.dense {
            return (0..=needs).collect();
        }
        let ends = |at: &u32| {
            *at < 36 || needs - at < 36 || at % if needs < 600 { 13 } else { 131 } == 5 || at % 4096 < 3
        };
        (0..=needs).filter(ends).collect()
    }

    fn contract_reach(&self, needs: u32) -> u32 {
        let widest = if self.contract.is_string() { 8 } else { 36 };
        needs.min(widest)
    }
}

/// A fill that is longer than any other class begins with: in one piece, wherever it ends.
fn very_long(contract: Contract, try_case: &mut Try) {
    const MORE: u32 = (256 << 10) + 5;
    if contract.task != Task::Fill {
        return;
    }
    for at in [0, 1, 31, 32, 33, 5000, MORE - 1, MORE] {
        let case = Case {
            way: 0,
            entry: 0,
            len: MORE,
            high: 0,
            zero: NONE,
            offsets: [0; 2],
            layout: Layout::Edge([NONE, at]),
            told: true,
        };
        try_case(&case);
    }
}
