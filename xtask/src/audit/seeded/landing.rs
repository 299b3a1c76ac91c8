// SPDX-License-Identifier: MIT OR Apache-2.0
//! Landings that are off by one: the execution of the routine must show it, by an answer that is wrong.

use std::collections::BTreeSet;

use super::outcome::Outcomes;
use crate::audit::bounded::{
    prove::Executed,
    sample::Sample,
    text::{Immediate, Text},
};

/// How many changes were made, and how many changed an answer.
///
/// Not all can. A landing for an access of one byte may be that of a wider one, if it then finds out that nothing is left to try; and
/// a number that says how far an access may have reached may be larger than it must be. So of the changes at one place one must show.
#[derive(Clone, Copy, Debug, Default)]
pub struct Changes {
    pub made: usize,
    pub shown: usize,
}

/// What a landing takes for the reach of an access that may reach anywhere: a page, whose edges are never farther apart.
const ANYWHERE: u64 = 4096;

/// Moves the landing of each entry, and changes each number behind a landing by one. Each entry and each number is a test.
pub fn seed(executed: &Executed, outcomes: &mut Outcomes, changes: &mut Changes) {
    seed_places(executed, outcomes, changes);
    seed_numbers(executed, outcomes, changes);
}

/// To the next instruction, and to the landings around.
fn seed_places(executed: &Executed, outcomes: &mut Outcomes, changes: &mut Changes) {
    let text = &executed.text;
    let landings: BTreeSet<u64> = text.entries.iter().map(|entry| entry.landing).collect();
    for entry in &text.entries {
        let step = text.step_at(entry.insn).expect("what is executed has its entries on instructions");
        let landing = text.step_at(entry.landing).expect("and its landings");
        let next = text.steps.get(landing as usize + 1).map(|step| step.addr);
        let above = landings.range(entry.landing + 1..).next().copied();
        let below = landings.range(..entry.landing).next_back().copied();
        let moved = |to: &u64| {
            (!text.do_the_same(entry.landing, *to)).then(|| text.landing_elsewhere(entry.insn, *to))
        };
        let near: Vec<Text> = [next, above, below].iter().flatten().filter_map(moved).collect();
        let cases = &executed.faulting[step as usize];
        let shown = show(executed, &near, cases, changes)
            // What two landings do alike for this access, a third does not.
            || landings.iter().filter_map(moved).any(|broken| show(executed, &[broken], cases, changes));
        outcomes.add("landing beside its place", executed.binary.image.describe(entry.insn), shown);
    }
}

fn seed_numbers(executed: &Executed, outcomes: &mut Outcomes, changes: &mut Changes) {
    let text = &executed.text;
    for &at in &executed.landings {
        let step = &text.steps[at as usize];
        let Some(immediate) = step.immediate else { continue };
        let start = (step.addr - text.range.start) as usize;
        let bytes = &text.bytes[start..start + usize::from(step.len)];
        let number = number(bytes, immediate);
        if number == ANYWHERE {
            continue;
        }
        let texts = [1, -1].map(|by| text.patched(start, &changed(bytes, immediate, by)));
        let shown = show(executed, &texts, &executed.through[at as usize], changes)
            || texts.iter().any(|broken| executed.find_anywhere(broken).is_some())
            // A reach that serves two classes is too long for the shorter one; then less than half of it is too short.
            || executed.find_anywhere(&text.patched(start, &changed(bytes, immediate, -(number as i64) / 2 - 1))).is_some();
        outcomes.add("landing's number off by one", executed.binary.image.describe(step.addr), shown);
    }
}

/// Whether one of the changes shows.
fn show(executed: &Executed, texts: &[Text], cases: &Sample, changes: &mut Changes) -> bool {
    let before = changes.shown;
    for broken in texts {
        changes.made += 1;
        changes.shown += usize::from(executed.find(broken, cases).is_some());
    }
    changes.shown > before
}

fn number(bytes: &[u8], immediate: Immediate) -> u64 {
    word(bytes, immediate) >> immediate.bit & (u64::MAX >> (64 - immediate.bits))
}

/// The bytes that a number lies in.
fn word(bytes: &[u8], immediate: Immediate) -> u64 {
    let bytes = &bytes[usize::from(immediate.byte)..][..usize::from(immediate.bytes)];
    bytes.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte))
}

/// The instruction with another number.
fn changed(bytes: &[u8], immediate: Immediate, by: i64) -> Vec<u8> {
    let most = u64::MAX >> (64 - immediate.bits);
    let number = number(bytes, immediate).wrapping_add_signed(by) & most;
    let word = word(bytes, immediate) & !(most << immediate.bit) | number << immediate.bit;
    let mut bytes = bytes.to_vec();
    let len = usize::from(immediate.bytes);
    bytes[usize::from(immediate.byte)..][..len].copy_from_slice(&word.to_le_bytes()[..len]);
    bytes
}
