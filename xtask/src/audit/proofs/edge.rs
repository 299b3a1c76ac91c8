// SPDX-License-Identifier: MIT OR Apache-2.0
//! The proof that a string instruction whose count was replaced does no more than is left.
//!
//! The bytes before the edge of a page may be more than the range has. So where a landing makes them the
//! count, the comparison with what is left must stand before it, with nobody jumping in between.

use std::ops::Range;

use super::{
    pattern::matches,
    proof::{Proof, Violation},
};
use crate::audit::{
    decode::insn::{Flow, Insn},
    follow::listing::leaders,
    linked::{binary::Binary, image::Function},
};

/// What lacks its guard.
pub fn audit(binary: &Binary, function: &Function) -> Vec<Violation> {
    let places = places(binary, function).into_iter();
    let bare = places.filter(|(_, guard)| guard.is_none());
    let what = "takes a count that is not compared with what is left";
    bare.map(|(addr, _)| Violation::new(binary, Proof::Edge, addr, what)).collect()
}

/// Where the guards' branches lie.
pub fn guards(binary: &Binary, function: &Function) -> Vec<Range<u64>> {
    places(binary, function).into_iter().filter_map(|(_, guard)| guard).collect()
}

/// Each string instruction behind a replaced count, and the branch of its guard.
fn places(binary: &Binary, function: &Function) -> Vec<(u64, Option<Range<u64>>)> {
    let Some(edge) = &binary.isa.edge else { return Vec::new() };
    let code = binary.decode(function);
    let leaders = leaders(&code, &function.range, &[]);
    let mut found = Vec::new();
    for insn in code.values().filter(|insn| insn.stepwise) {
        // What is executed before it without a choice, backwards.
        let mut line: Vec<&Insn> = code
            .range(..=insn.addr)
            .rev()
            .map(|(_, insn)| insn)
            .scan(true, |open, insn| {
                let inside = *open;
                *open &= leaders.binary_search(&insn.addr).is_err();
                inside.then_some(insn)
            })
            .collect();
        line.reverse();
        let replaced = line.iter().rev().find_map(|insn| matches(&[edge.replaces], &[insn]));
        let Some(source) = replaced.and_then(|bound| bound.get(&'C').cloned()) else { continue };
        let guard = line.windows(2).find(|pair| {
            let bound = matches(&[edge.compares], &pair[..1]);
            let compared = bound.and_then(|bound| bound.get(&'C').cloned());
            compared.is_some_and(|register| whole(&register) == whole(&source))
                && matches!(pair[1].flow, Flow::Branch(..))
                && pair[1].text.split(' ').next() == Some(edge.leaves)
        });
        found.push((insn.addr, guard.map(|pair| pair[1].addr..pair[1].end())));
    }
    found
}

/// The name of the 64-bit register that a 32-bit one is half of.
fn whole(name: &str) -> String {
    match name.strip_prefix('e') {
        Some(rest) => format!("r{rest}"),
        None => name.trim_end_matches('d').to_owned(),
    }
}
