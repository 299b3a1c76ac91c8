// SPDX-License-Identifier: MIT OR Apache-2.0
//! The functions that never return, of which the compiler knows and puts other code right behind their calls.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    ops::Range,
    rc::Rc,
};

use crate::audit::{
    decode::{
        insn::{Flow, Insn},
        isa::Guard,
    },
    follow::{
        listing::Listing,
        state::{State, Surroundings},
        walk::{Event, Rules, Walk},
    },
    linked::binary::Binary,
};

/// Where one instruction leads to.
enum Step {
    On,
    Jump(u64),
    Branch(u64),
    /// To a function, and on when it returns.
    Call(u64),
    Stop,
    /// Out of the function, to whoever called it or to nobody knows where.
    Leave,
}

/// Steps by their addresses, with where the instruction ends.
type Steps = BTreeMap<u64, (u64, Step)>;

/// Those of a program: each function stays until a path to its end is seen. What returns first of all returns
/// without a return of another, so that functions which only call each other stay with reason.
pub fn find(binary: &Binary) -> HashSet<u64> {
    let functions = binary.image.functions().iter();
    let all: Vec<(Range<u64>, Steps)> =
        functions.map(|function| (function.range.clone(), steps(binary, function.range.clone()))).collect();
    let mut never: HashSet<u64> = all.iter().map(|(range, _)| range.start).collect();
    loop {
        let back: Vec<u64> = all
            .iter()
            .filter(|(range, steps)| never.contains(&range.start) && returns(range, steps, &never))
            .map(|(range, _)| range.start)
            .collect();
        if back.is_empty() {
            return never;
        }
        for start in back {
            never.remove(&start);
        }
    }
}

fn returns(range: &Range<u64>, steps: &Steps, never: &HashSet<u64>) -> bool {
    let (mut waiting, mut seen) = (vec![range.start], BTreeSet::new());
    while let Some(addr) = waiting.pop() {
        if !seen.insert(addr) {
            continue;
        }
        // Whatever lies behind the last instruction is another function's.
        let Some((end, step)) = steps.get(&addr) else { return true };
        let targets = match step {
            Step::On => [Some(*end), None],
            Step::Jump(target) => [Some(*target), None],
            Step::Branch(target) => [Some(*end), Some(*target)],
            Step::Call(target) => [(!never.contains(target)).then_some(*end), None],
            Step::Stop => [None, None],
            Step::Leave => return true,
        };
        for target in targets.into_iter().flatten() {
            // A call in place of a return.
            match range.contains(&target) {
                true => waiting.push(target),
                false if never.contains(&target) => {}
                false => return true,
            }
        }
    }
    false
}

fn steps(binary: &Binary, range: Range<u64>) -> Steps {
    let Some(function) = binary.image.function_of(range.start) else { return Steps::new() };
    let listing = Listing::new(Rc::new(binary.decode_once(function)), range, &[]);
    let surroundings = Surroundings::UNGUARDED;
    let walk = Walk { binary, listing: &listing, surroundings, guard: Guard::None, rules: Rules::CALLER };
    let mut before: Option<&Insn> = None;
    let mut found = Steps::new();
    for insn in listing.code.values() {
        let step = match &insn.flow {
            Flow::Next => Step::On,
            Flow::Jump(target) => Step::Jump(*target),
            Flow::Branch(target, _) => Step::Branch(*target),
            Flow::Call(target) => Step::Call(*target),
            Flow::Stop => Step::Stop,
            Flow::Return => Step::Leave,
            Flow::CallTo(_) | Flow::JumpTo(_) => {
                // By what the instruction right in front of it says.
                let mut state = State::nothing(surroundings, binary.isa);
                if let Some(before) = before.filter(|_| !listing.is_leader(insn.addr)) {
                    walk.pass(before, &mut state, &mut |_, _, _| {});
                }
                let mut to = None;
                walk.pass(insn, &mut state, &mut |_, _, event| {
                    if let Event::Call { target, .. } = event {
                        to = target;
                    }
                });
                match (to, matches!(insn.flow, Flow::CallTo(_))) {
                    (Some(target), true) => Step::Call(target),
                    (Some(target), false) => Step::Jump(target),
                    (None, true) => Step::On,
                    (None, false) => Step::Leave,
                }
            }
        };
        found.insert(insn.addr, (insn.end(), step));
        before = Some(insn);
    }
    found
}
