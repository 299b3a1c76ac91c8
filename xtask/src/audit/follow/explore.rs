// SPDX-License-Identifier: MIT OR Apache-2.0
//! From block to block, until nothing new is seen.

use std::collections::{BTreeSet, HashSet};

use super::{
    state::{State, States, WindowState},
    walk::{Event, See, Walk},
};
use crate::audit::decode::insn::{Flow, Insn};

impl Walk<'_> {
    /// Adds the states in which the paths from `starts` come to the starts of blocks.
    pub fn explore(&self, states: &mut States, starts: Vec<(u64, State)>) {
        let mut waiting = starts;
        let mut changed = BTreeSet::new();
        loop {
            for (addr, state) in waiting.drain(..) {
                changed.extend(self.add(states, addr, state));
            }
            // In the order of the code most states are complete before they are used.
            let Some(key) = changed.pop_first() else { return };
            waiting = self.block(key.0, states[&key].clone(), &mut |_, _, _| {});
        }
    }

    /// Adds one state at the start of a block: beside those that are there, as long as there is room, or joined with the
    /// last of them. Returns where there is more to see than before.
    fn add(&self, states: &mut States, addr: u64, mut state: State) -> Option<(u64, WindowState)> {
        for way in 0..self.rules.apart {
            state.window.way = way;
            let key = (addr, state.window);
            let is_last = way + 1 == self.rules.apart;
            match states.get_mut(&key) {
                None => {
                    states.insert(key, state);
                    return Some(key);
                }
                Some(known) if is_last => return known.join(&state).then_some(key),
                // What is known there holds of this one, too.
                Some(known) if !known.clone().join(&state) => return None,
                Some(_) => {}
            }
        }
        None
    }

    /// Adds the blocks that no path is seen to reach, with nothing known there: landing pads of unwinding, and cases
    /// that cannot be on this CPU. Not those of stubs that no entry leads to: nothing else does.
    pub fn explore_the_rest(&self, states: &mut States, is_stub: impl Fn(u64) -> bool) {
        let mut dead = HashSet::new();
        for leader in &self.listing.leaders {
            let at = |addr| states.range((addr, WindowState::LEAST)..).next();
            let is_reached = |addr| at(addr).is_some_and(|(key, _)| key.0 == addr);
            // Padding is no code. What follows it may look like more of it, and be reached: `sti` changes no register.
            let first = self
                .listing
                .code
                .range(leader..)
                .find(|(addr, insn)| is_reached(**addr) || !insn.is_padding());
            if first.is_some_and(|(addr, _)| !is_reached(*addr)) {
                let mut at = *leader;
                while (at != *leader || is_stub(at)) && !is_reached(at) && dead.insert(at) {
                    let Some(insn) = self.listing.code.get(&at) else { break };
                    at = if let Flow::Jump(target) = insn.flow { target } else { insn.end() };
                }
                if dead.contains(leader) {
                    continue;
                }
                self.explore(states, vec![(*leader, State::nothing(self.surroundings, self.binary.isa))]);
            }
        }
    }

    /// Shows each instruction in each state that it is reached in.
    pub fn visit(&self, states: &States, see: &mut See) {
        for ((addr, _), state) in states {
            self.block(*addr, state.clone(), see);
        }
    }

    /// Executes instructions up to where paths part or meet: where they go on, in which state.
    fn block(&self, start: u64, state: State, see: &mut See) -> Vec<(u64, State)> {
        let (mut addr, mut state) = (start, state);
        loop {
            let Some(insn) = self.listing.code.get(&addr) else {
                let insn = Insn::new(addr, 0, String::new());
                see(&insn, &state, Event::Wrong("is reached in the middle of an instruction".to_owned()));
                return Vec::new();
            };
            see(insn, &state, Event::Reached);
            let mut next = self.step(insn, state, see);
            match next.pop() {
                Some((to, after)) if next.is_empty() && to == insn.end() && !self.listing.is_leader(to) => {
                    (addr, state) = (to, after);
                }
                Some(last) => {
                    next.push(last);
                    return next;
                }
                None => return next,
            }
        }
    }

    /// Executes one instruction.
    fn step(&self, insn: &Insn, mut state: State, see: &mut See) -> Vec<(u64, State)> {
        let mut next = Vec::new();
        for entry in self.listing.entries.get(&insn.addr).into_iter().flatten() {
            next.push((entry.landing, self.landed(insn, &state)));
        }
        let mask = self.listing.masks.get(&insn.addr);
        let answer =
            mask.filter(|mask| mask.zero.is_none_or(|zero| state.get(zero).as_constant() == Some(0)));
        let masked = answer.map(|mask| {
            let mut masked = state.clone();
            masked.mask(mask.answer, mask.length.filter(|_| self.rules.numbers));
            masked
        });
        for op in &insn.ops {
            self.execute(op, insn, &mut state, see);
        }
        // Its last instruction changes nothing else, but that it may overwrite the length.
        state = masked.unwrap_or(state);
        self.go_on(insn, state, see, &mut next);
        next.retain(|(addr, state)| {
            let inside = self.listing.range.contains(addr);
            if !inside {
                let what = format!("leads out of the function, to {}", self.binary.image.describe(*addr));
                see(insn, state, Event::Wrong(what));
            }
            inside
        });
        next
    }

    /// Executes one instruction of a listing that is read from its top to its end.
    pub fn pass(&self, insn: &Insn, state: &mut State, see: &mut See) {
        for op in &insn.ops {
            self.execute(op, insn, state, &mut |_, _, _| {});
        }
        let target = match &insn.flow {
            Flow::Next | Flow::Stop | Flow::Return => return,
            Flow::Call(target) | Flow::Jump(target) | Flow::Branch(target, _) => Some(*target),
            Flow::CallTo(target) | Flow::JumpTo(target) => self.evaluate(target, state).as_constant(),
        };
        see(insn, state, Event::Call { target, returns: true });
        if matches!(insn.flow, Flow::Call(_) | Flow::CallTo(_)) {
            self.come_back(None, state);
        }
    }
}
