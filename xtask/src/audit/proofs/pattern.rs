// SPDX-License-Identifier: MIT OR Apache-2.0
//! Sequences of instructions by their texts, such as the mask.

use std::{collections::HashMap, ops::Range};

use crate::audit::{
    decode::insn::{Code, Insn, Reg},
    follow::listing::{Length, Mask, Masks, leaders},
    linked::binary::Binary,
};

/// The names of registers that are always 0.
const ZEROS: [&str; 2] = ["zero", "xzr"];

/// Where the masking sequences of a function lie.
pub fn masks(binary: &Binary, code: &Code) -> Vec<Range<u64>> {
    find(binary, code).into_iter().map(|(range, _)| range).collect()
}

/// The masking sequences of a function, and where each lies.
fn find(binary: &Binary, code: &Code) -> Vec<(Range<u64>, Mask)> {
    let pattern = binary.isa.mask;
    let insns: Vec<&Insn> = code.values().collect();
    let (Some(first), Some(last)) = (insns.first(), insns.last()) else { return Vec::new() };
    let targets = leaders(code, &(first.addr..last.end()), &[]);
    let mut found = Vec::new();
    for sequence in insns.windows(pattern.len()) {
        let Some(bound) = matches(pattern, sequence) else { continue };
        // Nobody may jump over its first half.
        let range = sequence[0].addr..sequence[pattern.len() - 1].end();
        if targets.iter().any(|target| *target > range.start && *target < range.end) {
            continue;
        }
        let register = |letter| bound.get(&letter).map(|name| binary.isa.register(name));
        // It must not be one that the sequence writes before its last instruction.
        let is_late = pattern.last().is_some_and(|line| words(line).get(1) == Some(&"C"));
        let written = ['R', 'W', if is_late { 'R' } else { 'C' }].map(|letter| bound.get(&letter));
        let length = match bound.get(&'L') {
            Some(name) if ZEROS.contains(&&**name) => Some(Length::Zero),
            name if written.contains(&name) => None,
            _ => register('L').flatten().map(Length::Register),
        };
        // What computes the room in the limit's own register has no other letter for it.
        let limit = register('I').or_else(|| register('R')).flatten();
        match (register('C'), register('Z')) {
            (Some(Some(answer)), None) => found.push((range, Mask { answer, zero: None, length, limit })),
            (Some(Some(answer)), Some(Some(zero))) => {
                found.push((range, Mask { answer, zero: Some(zero), length, limit }));
            }
            _ => {}
        }
    }
    found
}

/// The registers of their limits, by the address of the first instruction.
pub fn limits(binary: &Binary, code: &Code) -> HashMap<u64, Option<Reg>> {
    find(binary, code).into_iter().map(|(range, mask)| (range.start, mask.limit)).collect()
}

/// The same by the address of the last instruction.
pub fn by_last(binary: &Binary, code: &Code) -> Masks {
    let last = |end| code.range(..end).next_back().map_or(end, |(addr, _)| *addr);
    find(binary, code).into_iter().map(|(range, mask)| (last(range.end), mask)).collect()
}

/// What the capital letters of the pattern stand for, if the sequence is of its form.
pub fn matches(pattern: &[&str], sequence: &[&Insn]) -> Option<HashMap<char, String>> {
    let mut bound: HashMap<char, String> = HashMap::new();
    for (line, insn) in pattern.iter().zip(sequence) {
        let (expected, found) = (words(line), words(&insn.text));
        if expected.len() != found.len() {
            return None;
        }
        for (expected, found) in expected.iter().zip(found) {
            let fits = match expected.as_bytes() {
                [letter @ b'A'..=b'Z'] => {
                    *bound.entry(char::from(*letter)).or_insert_with(|| found.to_owned()) == found
                }
                _ => *expected == found,
            };
            if !fits {
                return None;
            }
        }
    }
    Some(bound)
}

fn words(text: &str) -> Vec<&str> {
    text.split([' ', ',']).filter(|word| !word.is_empty()).collect()
}
