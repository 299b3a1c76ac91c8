// SPDX-License-Identifier: MIT OR Apache-2.0
//! Lengths that 32 bits do not hold, or a sign takes for less than 0. Memory ends early: so they take few steps, and what is left
//! says whether each instruction has kept all of the length.

use super::{
    bound::{Lengths, Try},
    case::{Case, Layout, NONE},
    memory::{DESTINATION, SOURCE},
};

/// Their halves. What 32 bits keep of them is nothing, or of each class, or looks negative. The last is the longest that a range
/// may have.
const LENGTHS: [(u32, u32); 10] = [
    (1, 0),
    (1, 1),
    (1, 7),
    (1, 16),
    (1, 64),
    (1, 200),
    (1, 4096),
    (0, 0x8000_0001),
    (0x7fff, 0xffff_f000),
    (0x7fff_ffff, 0xffff_ffff),
];
/// Where memory ends whatever the length is; of a string, its 0.
const EDGE: u32 = 300;
/// How far it reaches behind what 32 bits keep.
const MORE: u32 = 9;
/// So many accesses are done in front of the one that memory goes at.
const ACCESSES: u32 = 4;

impl Lengths<'_> {
    /// All cases of a way and an entry point.
    pub fn each_far(&self, (way, entry): (u8, u8), try_case: &mut Try) {
        for (high, len) in LENGTHS {
            let layout = Layout::Whole;
            let case = Case { way, entry, len, high, zero: NONE, offsets: [0; 2], layout, told: true };
            for at in [EDGE, if len <= 4096 { len + MORE } else { EDGE + MORE }] {
                self.each_end(case, at, try_case);
            }
            for at in 0..ACCESSES {
                let layout = Layout::Going { at, comes_back: false, inside: at % 2 == 1 };
                try_case(&Case { layout, ..case });
            }
        }
    }

    /// What ends there: the page, memory inside of a page, the string.
    fn each_end(&self, case: Case, at: u32, try_case: &mut Try) {
        for side in [SOURCE, DESTINATION].into_iter().filter(|side| self.contract.user[*side]) {
            let mut ends = [NONE; 2];
            ends[side] = at;
            for offsets in self.beside(side, at, case.len % 4096) {
                for told in [true, false] {
                    try_case(&Case { offsets, layout: Layout::Edge(ends), told, ..case });
                }
                try_case(&Case { offsets, layout: Layout::Inside { side, at }, ..case });
            }
        }
        if self.contract.is_string() {
            for offsets in [[0; 2], [5, 3]] {
                try_case(&Case { offsets, zero: at, ..case });
            }
        }
    }
}
