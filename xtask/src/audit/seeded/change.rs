// SPDX-License-Identifier: MIT OR Apache-2.0
//! What defects are made of, and where the proofs must see them.

use crate::audit::{
    decode::insn::{Code, Insn},
    linked::{
        binary::Binary,
        entry::Entry,
        image::{Function, Image},
    },
    proofs::proof::{Proof, Violation},
};

/// The table with one entry replaced or removed.
pub fn replaced(entries: &[Entry], entry: Entry, by: Option<Entry>) -> Vec<Entry> {
    let mut table: Vec<Entry> = entries.iter().filter(|known| **known != entry).copied().collect();
    table.extend(by);
    table.sort_by_key(|entry| entry.insn);
    table
}

/// The next instruction of which this holds; the last one before, if there is none.
pub fn beside(code: &Code, addr: u64, mut holds: impl FnMut(&Insn) -> bool) -> Option<u64> {
    let next = code.range(addr + 1..).find(|(_, insn)| holds(insn)).map(|(addr, _)| *addr);
    next.or_else(|| code.range(..addr).rev().find(|(_, insn)| holds(insn)).map(|(addr, _)| *addr))
}

/// Puts instructions that do nothing in place of these.
pub fn erase(image: &mut Image, binary: &Binary, range: std::ops::Range<u64>) {
    let nop = binary.isa.nop;
    for addr in range.step_by(nop.len()) {
        image.patch(addr, nop);
    }
}

/// Whether one of the proofs blames the function.
pub fn has(found: &[Violation], function: &Function, proofs: &[Proof]) -> bool {
    found.iter().any(|it| proofs.contains(&it.proof) && function.range.contains(&it.addr))
}
